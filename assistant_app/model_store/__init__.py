"""Third-party weights on disk: what there is, where it comes from, whether it is what it should be.

`models/manifest.toml` names every file by its sha256; `ModelStore` finds, fetches, converts and
verifies. It knows no model: it never builds a network and never runs one.
"""

from assistant_app.model_store.manifest import Manifest, ModelEntry
from assistant_app.model_store.progress import OnProgress, Progress, Stage
from assistant_app.model_store.store import ModelStatus, ModelStore

__all__ = ["Manifest", "ModelEntry", "ModelStatus", "ModelStore", "OnProgress", "Progress", "Stage"]
