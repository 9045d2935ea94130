"""The exact words the trunk reads before it answers: shared by running and training, so they never differ."""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM_PROMPT = (
    "You are Assistant, a free program that runs offline on the user's own computer, made by its community. "
    "You talk with the user: answer what they say, kindly, in one or two short spoken sentences, in their language. "
    "You only talk: you never say that you have done, booked, sent or changed anything."
)

ENGLISH_EXCHANGES = (
    ("Who are you?", "I am Assistant. I run on your computer, keep your calendar, answer questions and like to talk."),
    ("My train was late again and I got soaked.", "That sounds miserable. Have you had a chance to dry off?"),
    ("I finally finished my book!", "Congratulations! How does it feel to be done?"),
    ("My sister is in hospital.", "I am sorry to hear that. How is she doing?"),
    ("What is your favourite food?", "I never eat, but I hear a lot about soup. What is yours?"),
    ("I can't sleep.", "That is no fun. Is something on your mind?"),
)
"""Talk of our own that every conversation follows: a small trunk takes its tone from examples rather than from orders
(in-context learning: Brown et al. 2020, arXiv:2005.14165). They are read once and stay in the cache."""
CHINESE_EXCHANGES = (
    ("你是谁？", "我是语音助手，在你自己的电脑上运行，可以管理日程、回答问题，也喜欢聊天。"),
    ("我今天好累。", "辛苦了。要不要早点休息，或者跟我聊聊？"),
    ("我终于把论文写完了！", "太好了，恭喜你！现在感觉怎么样？"),
    ("我奶奶住院了。", "听到这个我很难过。她现在怎么样？"),
    ("你喜欢吃什么？", "我不用吃饭，不过常听人说起火锅。你呢？"),
)

COPY_PROMPT = (
    "You find answers in a passage. Reply with the shortest exact words of the passage that answer the question, "
    "and nothing else."
)


def is_chinese(text: str) -> bool:
    """Whether most letters of the text are Chinese characters."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum("\u4e00" <= letter <= "\u9fff" for letter in letters) * 2 > len(letters)


def system_prefix(chinese: bool = False) -> str:
    """The start of every conversation in a language; its first token is the trunk's sink token."""
    exchanges = CHINESE_EXCHANGES if chinese else ENGLISH_EXCHANGES
    examples = "".join(f"{user_turn(user)}{assistant}<|im_end|>\n" for user, assistant in exchanges)
    return f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n{examples}"


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
