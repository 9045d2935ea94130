"""What a loaded model is given beyond its weights: the program's own sentences, skills taught by example, and
what one person's corrections changed.

The own sentences are read once for each set of weights (a minute on one core) and kept: beside the weights
where they ship, else in the cache folder. It knows no skill and no correction.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from assistant_app.brain.personal import PersonalAdapter, PersonalFolder
from assistant_app.brain.prototypes import Reference, Sentence, own_sentences
from assistant_app.errors import ModelError

log = logging.getLogger(__name__)

REFERENCE_FILE = "reference.safetensors"
_PAUSE_SECONDS = 0.02
"""Between two sentences read in the background, so that a turn that comes in between need not wait."""


class Learner(Protocol):
    """What is asked of the model."""

    @property
    def weights_name(self) -> str: ...

    def know(self, reference: Reference) -> None: ...

    def learn(self, examples: Mapping[str, Sequence[str]]) -> None: ...

    def personalise(self, personal: PersonalAdapter | None) -> None: ...

    def read_reference(
        self, sentences: Sequence[Sentence], on_progress: Callable[[int, int], None] = ...
    ) -> Reference: ...


class Acquired:
    """Where it lies, and how it is given to a model."""

    def __init__(self, recipes: Path, decoders: Path, cache_dir: Path, personal: PersonalFolder) -> None:
        """`recipes` holds the own sentences; `decoders` may hold their vectors, `cache_dir` gets them else."""
        self._sentences_folder = recipes
        self._shipped = decoders / REFERENCE_FILE
        self._cached = cache_dir / REFERENCE_FILE
        self._personal = personal

    def give(
        self, model: Learner, examples: Mapping[str, Sequence[str]], report: Callable[[str], None] = lambda _words: None
    ) -> bool:
        """Give all there is; whether the own sentences are among it.

        They are read here and now where there are `examples` ("skill/intent" -> sentences), which need them.
        """
        sentences = own_sentences(self._sentences_folder)
        reference = self._kept(model, sentences)
        if reference is None and examples and sentences:
            report("Reading the program's own sentences, once, to tell new skills from them")
            reference = self._read(model, sentences)
        if reference is not None:
            model.know(reference)
            model.learn(examples)
        self._personalise(model)
        return reference is not None

    def read_in_background(self, model: Learner) -> threading.Thread:
        """Read the own sentences while the program runs; they are known when the thread ends."""
        main = threading.main_thread()

        def wait(_done: int, _all: int) -> None:
            if not main.is_alive():
                raise _ProgramEnds
            time.sleep(_PAUSE_SECONDS)

        def read() -> None:
            try:
                model.know(self._read(model, own_sentences(self._sentences_folder), wait))
            except _ProgramEnds:
                log.debug("the program ends; the own sentences are read the next time")
            except Exception:
                log.exception("the own sentences could not be read")

        thread = threading.Thread(target=read, name="own sentences")
        thread.start()
        return thread

    def _kept(self, model: Learner, sentences: Sequence[Sentence]) -> Reference | None:
        weights = model.weights_name
        for file in (self._shipped, self._cached):
            reference = Reference.load(file, sentences, weights)
            if reference is not None:
                return reference
        return None

    def _read(
        self,
        model: Learner,
        sentences: Sequence[Sentence],
        on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Reference:
        reference = model.read_reference(sentences, on_progress)
        try:
            reference.save(self._cached, model.weights_name)
        except OSError as error:
            log.warning("what was read of the own sentences cannot be kept: %s", error)
        return reference

    def _personalise(self, model: Learner) -> None:
        """A personal adapter that does not fit is left aside: the program works as released."""
        try:
            record = self._personal.record()
            if record is None or not record.on:
                return
            if record.weights != model.weights_name:
                log.info("the personal adapter belongs to other decoders; fit it again: assistant train --personal")
                return
            model.personalise(self._personal.load())
        except ModelError as error:
            log.warning("%s", error.message)


class _ProgramEnds(Exception):
    """There is nobody left to read for."""
