"""The exact words the trunk reads before it answers: shared by running and training, so they never differ."""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM_PROMPT = (
    "You are a friendly voice assistant on the user's own computer. Reply in one or two short spoken sentences, "
    "in the user's language. You only talk: you never say that you have done, booked, sent or changed anything."
)


def is_chinese(text: str) -> bool:
    """Whether most letters of the text are Chinese characters."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum("\u4e00" <= letter <= "\u9fff" for letter in letters) * 2 > len(letters)


def system_prefix() -> str:
    """The start of every conversation; its first token is the trunk's sink token."""
    return f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n"


def user_turn(text: str) -> str:
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def conversation(history: Sequence[tuple[str, str]], text: str) -> str:
    """What follows `system_prefix`: earlier (user, assistant) pairs and the new text (ChatML)."""
    return "".join(f"{user_turn(user)}{assistant}<|im_end|>\n" for user, assistant in history) + user_turn(text)


def question_after_passage(question: str, *, chinese: bool) -> str:
    """What follows a passage, so that the next words are the answer."""
    return f"\n问题：{question}\n答案：" if chinese else f"\nQuestion: {question}\nAnswer:"
