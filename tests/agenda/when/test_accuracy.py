"""Words to times on the measuring tables: a floor, so that a change of the rules cannot lose what is reached."""

from __future__ import annotations

import pytest

from assistant_app.training.when_accuracy import evaluate
from tests.data_folder import data_folder


@pytest.mark.data
def test_accuracy_stays_above_its_floor() -> None:
    shares = evaluate(data_folder("datetime_specs"))
    assert shares["en"] >= 0.9
    assert shares["en/single"] >= 0.92
    assert shares["en/nothing"] >= 0.7
    assert shares["zh"] >= 0.95
