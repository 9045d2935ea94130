"""Makes a checkout ready to run or to test: environment, packages, system libraries, model weights.

Each step leaves a stamp in `.setup/`, so that a repeated run does only what is missing and a
complete one returns at once, without network. Stopping it anywhere is safe. Standard library only.
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMPS = ROOT / ".setup"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 4.0

# What is asked for -> the Debian package that has it. Qt's wheel brings Qt, not what Qt stands on.
LIBRARIES = {
    "libportaudio.so.2": "libportaudio2",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libespeak-ng.so.1": "espeak-ng",
}
FILES = {
    # Chinese would be boxes without one of these.
    "fonts-wqy-microhei": [f"/usr/share/fonts/**/*{name}*" for name in ("wqy", "CJK", "DroidSansFallback")],
    # What words mean: WordNet, 6 MB, which the program reads where it lies.
    "wordnet-base": ["/usr/share/wordnet/data.noun"],
    # What lets ALSA programs, PortAudio among them, play through PulseAudio or PipeWire.
    "libasound2-plugins": ["/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so"],
}
TEST_COMMANDS = {
    "pulseaudio": "pulseaudio",
    "pactl": "pulseaudio-utils",
    "Xvfb": "xvfb",
    "xdotool": "xdotool",
    "openbox": "openbox",
    "import": "imagemagick",
}


class Stop(Exception):
    """The set-up cannot go on; the text says what to do."""


def main(purpose: str) -> int:
    STAMPS.mkdir(exist_ok=True)
    try:
        if is_complete(purpose):
            return 0
        with OneAtATime():
            system_libraries(purpose)
            environment()
            packages(purpose)
            models()
    except Stop as reason:
        say(str(reason))
        return 1
    except KeyboardInterrupt:
        say(f"Stopped. Nothing is lost: `make {purpose}` goes on from here.")
        return 130
    return 0


def is_complete(purpose: str) -> bool:
    return packages_ready(purpose) and not missing_system(purpose) and not missing_models()


def say(text: str) -> None:
    sys.stderr.write(f"\n{text}\n")
    sys.stderr.flush()


def run(*command: str | Path, environment: dict[str, str] | None = None) -> bool:
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode == 0


def answers(*command: str | Path) -> bool:
    """The program is there and ends well; what it prints is not shown."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# --- stamps --------------------------------------------------------------------------------------


def stamp(name: str, key: str) -> bool:
    try:
        return (STAMPS / name).read_text(encoding="utf-8") == key
    except OSError:
        return False


def put_stamp(name: str, key: str) -> None:
    new = STAMPS / f"{name}.new"
    new.write_text(key, encoding="utf-8")
    new.replace(STAMPS / name)


def digest(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def packages_key() -> str:
    """Changes when other packages are asked for, or when the environment is gone or was moved."""
    return f"{digest(ROOT / 'pyproject.toml', CONSTRAINTS)} {ROOT if made_here() else 'no environment'}"


class OneAtATime:
    """Two set-ups of one checkout wait for each other."""

    def __enter__(self) -> None:
        self._file = (STAMPS / "lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another set-up of this checkout is running; waiting for it ...")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *exception: object) -> None:
        self._file.close()


# --- system libraries ----------------------------------------------------------------------------


def missing_system(purpose: str) -> list[str]:
    """The Debian packages without which something would not work."""
    if platform.system() != "Linux":
        return []
    missing = [package for library, package in LIBRARIES.items() if not loads(library)]
    missing += [
        package
        for package, patterns in FILES.items()
        if not any(glob.glob(pattern, recursive=True) for pattern in patterns)
    ]
    if purpose == "test":
        missing += [package for command, package in TEST_COMMANDS.items() if not shutil.which(command)]
    return sorted(set(missing)) if not stamp(f"system-{purpose}", " ".join(sorted(set(missing)))) else []


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def system_libraries(purpose: str) -> None:
    missing = missing_system(purpose)
    if not missing:
        return
    line = f"sudo apt-get install --no-install-recommends {' '.join(missing)}"
    if not shutil.which("apt-get"):
        say(f"Install these libraries with your system's package manager (Debian's names): {' '.join(missing)}")
    elif not (prefix := may_install()):
        say(f"Some system libraries are missing. Run this, then repeat:\n    {line}\nGoing on without them for now.")
        return
    else:
        say(f"Installing system libraries: {' '.join(missing)}")
        if apt_install(prefix, missing):
            return
        say(f"That did not work. Once the network is there, run:\n    {line}\nGoing on without them for now.")
    # Tried once: a later start says nothing and tries nothing, unless something else is missing.
    put_stamp(f"system-{purpose}", " ".join(missing))


def may_install() -> list[str] | None:
    """How to call apt with the rights it needs, or None."""
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    if answers("sudo", "-n", "true"):
        return ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"]
    return None


def apt_install(prefix: list[str], names: list[str]) -> bool:
    install = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
    have_lists = bool(glob.glob("/var/lib/apt/lists/*Packages*"))
    if have_lists and run(*install):
        return True
    return run(*prefix, "apt-get", "update", "-q") and run(*install)


# --- Python --------------------------------------------------------------------------------------


def environment() -> None:
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    if made_here() and answers(VENV_PYTHON, "-c", check):
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not answers(sys.executable, "-c", "import venv, ensurepip"):
        names = [f"python{version}-venv"]
        prefix = may_install() if shutil.which("apt-get") else None
        if not prefix or not apt_install(prefix, names):
            raise Stop(
                f"Python's module venv is missing. Run this, then repeat:\n    sudo apt-get install {' '.join(names)}"
            )
    say(f"Making the virtual environment .venv with Python {version} ...")
    if not run(sys.executable, "-m", "venv", "--clear", VENV):
        raise Stop("The virtual environment could not be made (see above).")


def made_here() -> bool:
    """The environment is there and was made in this place: moved, its programs would not start."""
    try:
        return str(VENV) in (VENV / "pyvenv.cfg").read_text(encoding="utf-8") and VENV_PYTHON.exists()
    except OSError:
        return False


def packages_ready(purpose: str) -> bool:
    """What tests need includes what a run needs."""
    key = packages_key()
    return stamp("packages-test", key) or (purpose == "run" and stamp("packages-run", key))


def packages(purpose: str) -> None:
    if packages_ready(purpose):
        return
    say("Installing Python packages (the first time about 1 GB to download) ...")
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "-c", str(CONSTRAINTS)]
    if wants_cpu_torch() and reachable("download.pytorch.org"):
        install += ["--extra-index-url", CPU_TORCH_INDEX]
    what = ".[dev]" if purpose == "test" else "."
    if not (run(*pip, "install", "-q", "-c", CONSTRAINTS, "pip") and run(*install, "-e", what)):
        raise Stop(
            f"The Python packages could not be installed (see above). Check the network and the free disk space, then "
            f"repeat `make {purpose}`: what is there already is used again."
        )
    if wants_cpu_torch():
        # WORKAROUND: openai-whisper asks for triton on every Linux, and uses it on CUDA devices only: 1 GB for nothing.
        # https://github.com/openai/whisper/blob/main/pyproject.toml
        run(*pip, "uninstall", "-y", "-q", "triton")
    put_stamp(f"packages-{purpose}", packages_key())


def wants_cpu_torch() -> bool:
    """Linux without a CUDA device: PyTorch's own index has a build that is gigabytes smaller."""
    return platform.system() == "Linux" and not answers("nvidia-smi", "-L")


def reachable(host: str) -> bool:
    """The host answers within seconds (looking up its name included)."""
    if os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
        return True  # the proxy decides; pip goes on without an index that does not answer
    found = threading.Event()

    def probe() -> None:
        try:
            socket.create_connection((host, 443), timeout=PROBE_SECONDS).close()
        except OSError:
            return
        found.set()

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return found.is_set()


# --- weights -------------------------------------------------------------------------------------


def models_key() -> str:
    return digest(ROOT / "models" / "manifest.toml")


def missing_models() -> bool:
    """Whether the fetch has to look: another manifest, or weights that are no longer where they were."""
    try:
        table = json.loads((STAMPS / "models.json").read_text(encoding="utf-8"))
        return table["key"] != models_key() or not all(Path(path).exists() for path in table["paths"])
    except (OSError, ValueError, KeyError, TypeError):
        return True


def models() -> None:
    if not missing_models():
        return
    assistant = VENV / "bin" / "assistant"
    say("Fetching the model weights (the first time about 0.7 GB to download) ...")
    if not run(assistant, "models", "fetch"):
        raise Stop("The models are not complete (see above). Repeat: what has arrived is kept.")
    listed = subprocess.run([str(assistant), "models", "list", "--json"], capture_output=True, text=True, check=False)
    try:
        paths = [model["path"] for model in json.loads(listed.stdout)["models"] if model["path"]]
    except (ValueError, KeyError) as problem:
        raise Stop(f"`assistant models list --json` did not answer as it should: {listed.stderr}") from problem
    put_stamp("models.json", json.dumps({"key": models_key(), "paths": paths}))


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        sys.exit("usage: packaging/set-up run|test")
    sys.exit(main(sys.argv[1]))
