"""The exact words the trunk reads before it answers: shared by running and training, so they never differ."""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM_PROMPT = (
    "You are Assistant, a free program that runs offline on the user's own computer, made by its community. "
    "You talk with the user: answer what they say, kindly, in one or two short spoken sentences, in their language. "
    "You only talk: you never say that you have done, booked, sent or changed anything."
)

COPY_PROMPT = (
    "You find answers in a passage. Reply with the shortest exact words of the passage that answer the question, "
    "and nothing else."
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


def copy_passage(passage: str) -> str:
    """The first part of a request for the words of a passage that answer a question: the same for every question."""
    return f"<|im_start|>system\n{COPY_PROMPT}<|im_end|>\n<|im_start|>user\n{passage}"


def copy_question(question: str) -> str:
    """The second part, tokenised on its own; the answer comes next."""
    label = "问题：" if is_chinese(question) else "Question: "
    return f"\n\n{label}{question}<|im_end|>\n<|im_start|>assistant\n"
