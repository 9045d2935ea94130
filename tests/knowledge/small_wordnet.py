"""A WordNet of three words, in the format of wndb(5WN)."""

from __future__ import annotations

from pathlib import Path

LICENCE = "  1 This text stands for the licence at the head of each file.\n"
SYNSETS = {
    "noun": (
        ("goose", "n", "", 'a web-footed bird; "a flock of geese"'),
        ("paris", "n", "@i", "the capital of France"),
        ("serendipity", "n", "", "good luck in making fortunate discoveries"),
    ),
    "verb": (("goose", "v", "", "pinch"),),
    "adj": (),
    "adv": (),
}


def write_wordnet(folder: Path) -> None:
    """The files that a dictionary reads."""
    for kind, synsets in SYNSETS.items():
        data, index = LICENCE, LICENCE
        for word, sign, pointer, gloss in synsets:
            offset = len(data.encode())
            pointers = f"001 {pointer} 00000001 n 0000" if pointer else "000"
            data += f"{offset:08d} 05 {sign} 01 {word} 0 {pointers} | {gloss}  \n"
            index += f"{word} {sign} 1 {f'1 {pointer}' if pointer else '0'} 1 {int(kind == 'noun')} {offset:08d}  \n"
        (folder / f"data.{kind}").write_text(data, encoding="utf-8")
        (folder / f"index.{kind}").write_text(index, encoding="utf-8")
    (folder / "noun.exc").write_text("geese goose\n", encoding="utf-8")
