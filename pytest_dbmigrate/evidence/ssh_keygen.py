"""ssh-keygen: sign bytes, check a signature, name a key. Its errors in this tool's words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHECK_SECONDS = 30
_NOISE = ("Signing data on standard input",)
_GOOD = re.compile(r'^Good "(?P<namespace>[^"]+)" signature for .* key (?P<print>SHA256:\S+)$')

# What ssh-keygen says on stderr → what a reader of the report needs to know. The sentences name no
# path and no time: they stand in the page, which verify draws again byte for byte. Heaviest first.
_REFUSALS = (
    ("incorrect signature", "the statement was changed after it was signed"),
    ("namespace does not match", "the signature was made for another role"),
    ("missing header", "the signature file holds no signature"),
    ("incomplete message", "the signature file is cut off"),
    ("invalid format", "the signature file is damaged"),
    ("has expired", "the key has expired (valid-before)"),
    ("not yet valid", "the key is not valid yet (valid-after)"),
    ("not permitted for use", "the key may not sign as this role (namespaces)"),
)
UNKNOWN = "no line of allowed_signers accepts this key for this person"
REVOKED = "the key is revoked, or the revocation list cannot be read"


class SshKeygenError(Exception):
    """Something about ssh-keygen or a key that the user can put right; `str()` is the message."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one signature: valid with the key's fingerprint, or why not."""

    valid: bool
    why: str = ""
    fingerprint: str = ""


def find() -> str:
    """The path of ssh-keygen. Raises SshKeygenError when there is none."""
    found = shutil.which("ssh-keygen")
    if found is None:
        raise SshKeygenError(
            "ssh-keygen is not on PATH; signatures need it.\n"
            "  It is part of OpenSSH: `apt-get install openssh-client`, `apk add openssh-keygen`, "
            "`dnf install openssh`; macOS has it."
        )
    return found


def sign(data: bytes, *, key: Path, namespace: str, say: Callable[[str], None]) -> bytes:
    """Sign bytes with a private key, or with ssh-agent when `key` is a .pub file.

    A passphrase is asked for on the terminal by ssh-keygen itself; what it says while it waits
    (touch the security key) goes to `say`. Returns the armoured signature.
    """
    process = subprocess.Popen(  # noqa: S603  # arguments are a list, the program is ssh-keygen
        [find(), "-Y", "sign", "-n", namespace, "-f", str(key)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    with process:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise SshKeygenError("ssh-keygen could not be talked to")
        try:
            process.stdin.write(data)
            process.stdin.close()
        except BrokenPipeError:  # it refused before it read; its words follow on stderr
            pass
        said = []
        for raw in process.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            said.append(line)
            if line.startswith("Confirm user presence"):
                say(line)
        signature = process.stdout.read()
        status = process.wait()
    if status == 0 and signature.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        return signature
    words = " ".join(line for line in said if line and line not in _NOISE)
    raise SshKeygenError(_why_not_signed(words, key))


def check(
    data: bytes,
    signature: Path,
    *,
    person: str,
    namespace: str,
    allowed_signers: Path,
    revoked: Path | None = None,
) -> Checked:
    """Whether `person` signed `data` for `namespace` with a key allowed now and not revoked.

    Dates in allowed_signers without a Z are read as UTC, so that every machine decides alike.
    """
    command = ["-Y", "verify", "-f", str(allowed_signers), "-I", person, "-n", namespace]
    command += ["-s", str(signature)]
    revocation = [] if revoked is None else ["-r", str(revoked)]
    status, out, err = _run([*command, *revocation], data)
    good = _GOOD.match(out.strip())
    if status == 0 and good and good["namespace"] == namespace:
        return Checked(valid=True, fingerprint=good["print"])
    for words, why in _REFUSALS:
        if words in err:
            return Checked(valid=False, why=why)
    # It is silent about revocation: ask once more without the list to tell revoked from unknown.
    if revocation and _run(command, data)[0] == 0:
        return Checked(valid=False, why=REVOKED)
    return Checked(valid=False, why=UNKNOWN)


def fingerprint(key: Path) -> str:
    """The SHA256 fingerprint of a key file, private or public. Raises SshKeygenError."""
    status, out, err = _run(["-l", "-E", "sha256", "-f", str(key)])
    found = re.search(r"\bSHA256:\S+", out)
    if status == 0 and found:
        return found[0]
    raise SshKeygenError(_why_not_signed(err, key))


def _run(arguments: list[str], data: bytes = b"") -> tuple[int, str, str]:
    """Run ssh-keygen without the caller's environment: status, output, errors."""
    try:
        done = subprocess.run(  # noqa: S603  # arguments are a list, the program is ssh-keygen
            [find(), *arguments],
            input=data,
            capture_output=True,
            timeout=_CHECK_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        )
    except subprocess.TimeoutExpired:
        raise SshKeygenError(f"ssh-keygen gave no answer in {_CHECK_SECONDS} s") from None
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    _refuse_old(err)
    return done.returncode, out, err


def _refuse_old(err: str) -> None:
    """Raise when ssh-keygen does not know -Y: no signature is wrong then, it just cannot tell."""
    if re.search(r"(unknown|illegal|invalid) option -- '?Y|Unsupported operation for -Y", err):
        raise SshKeygenError(
            "this ssh-keygen is too old: it does not know `-Y sign` and `-Y verify`.\n"
            "  Install OpenSSH 8.2 or newer; `ssh -V` shows which one is first on PATH."
        )


def _why_not_signed(words: str, key: Path) -> str:
    """The cause of a failed signing and what to do about it."""
    _refuse_old(words)
    if "incorrect passphrase" in words:
        return (
            f"{key}: the key has a passphrase, and the one given is wrong, or there was no "
            "terminal to ask for it on.\n"
            f"  Without a terminal: `ssh-add {key}` once, then sign with `--key {key}.pub`."
        )
    if "UNPROTECTED PRIVATE KEY FILE" in words:
        return (
            f"{key}: others can read this private key, so ssh-keygen ignores it: `chmod 600 {key}`."
        )
    if not key.exists():
        return (
            f"{key}: there is no such key.\n"
            "  Give the private key (or a .pub key that ssh-agent holds) with --key, or make one: "
            "`ssh-keygen -t ed25519 -C you@example.com`."
        )
    if "No private key found" in words and key.suffix == ".pub":
        return (
            f"{key}: ssh-agent does not have the private key of this public key.\n"
            "  `ssh-add -l` lists what it has; `ssh-add PRIVATE_KEY` adds one."
        )
    if "No private key found" in words:
        return f"{key}: you may not read this private key."
    if "Couldn't load public key" in words or "is not a public key file" in words:
        return f"{key}: this is not an SSH key."
    return f"{key}: ssh-keygen would not sign with this key: {words or 'it gave no reason'}"
