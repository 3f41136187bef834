"""The one line about the public internet: a well-known module through a modgate whose upstream is this machine's own GOPROXY, proved against
the real checksum database. Where that proxy is is nobody's business: its name is never printed, and what holds it is removed."""
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from urllib.parse import urlsplit

from gateway import Gateway
from golang import Workspace
from steps import check
from teller import Refused

MODULE, VERSION = "rsc.io/quote", "v1.5.2"
DATABASE = "sum.golang.org"
PATIENCE_S = 5


class LeftOut(Exception):
    """The machine cannot show this; the text says why."""


def machine_proxy(go):
    """The first https entry of this machine's GOPROXY, if it answers and passes the database through."""
    done = subprocess.run([go.binary, "env", "GOPROXY"], capture_output=True, text=True, check=False)
    entries = [entry.strip().rstrip("/") for entry in re.split(r"[,|]", done.stdout)]
    url = next((entry for entry in entries if entry.startswith("https://") and "@" not in urlsplit(entry).netloc), None)
    if not url:
        raise LeftOut("go env GOPROXY names no https proxy")
    if not answers(f"{url}/{MODULE}/@v/{VERSION}.info"):
        raise LeftOut("this machine's GOPROXY does not answer")
    if not answers(f"{url}/sumdb/{DATABASE}/supported"):
        raise LeftOut(f"this machine's GOPROXY does not pass {DATABASE} through")
    return url


def answers(url):
    """Directly, as modgate would ask."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PATIENCE_S) as answer:
            return answer.status == 200
    except (OSError, ValueError):
        return False


def prove_public_module(go, build_cache):
    """The lines to print. What is told never holds the proxy's name."""
    url = machine_proxy(go)
    directory = tempfile.mkdtemp(prefix="modgate-demo-")
    gateway = None
    try:
        gateway = Gateway(os.path.join(directory, "gateway"), url)
        gateway.configure({"upstreams": [{"url": url, **authority()}], "sumdb.databases": [DATABASE]})
        gateway.start()
        work = Workspace(go, os.path.join(directory, "go"), gateway.url, ca=gateway.ca, build_cache=build_cache, user="carol",
                         password=gateway.token("carol"), GOSUMDB=DATABASE)
        return fetch(gateway, work)
    except Exception as error:
        words = f"{error}\n{gateway.stderr() if gateway else ''}"
        raise Refused(words.replace(urlsplit(url).netloc, "GOPROXY").replace(urlsplit(url).hostname, "GOPROXY")) from None
    finally:
        if gateway:
            gateway.stop()
        shutil.rmtree(directory)


def authority():
    """A certificate file that this machine was told to trust."""
    file = os.environ.get("SSL_CERT_FILE", "")
    return {"ca": file} if os.path.isfile(file) else {}


def fetch(gateway, work):
    work.run("get", f"{MODULE}@{VERSION}")
    match = re.search(rf"^{re.escape(MODULE)} {VERSION} (h1:\S+)", work.read("go.sum"), re.MULTILINE)
    check(match, f"go.sum has no line of {MODULE}:\n{work.read('go.sum')}")
    rows = [row for row in gateway.audit_export() if row.get("module") == MODULE and row.get("action") == "zip" and row["kind"] == "access"]
    check(rows and all(row["proof"] == "sumdb" and row["h1"] == match[1] for row in rows), f"the audit trail says otherwise: {rows}")
    return [f"$ go get {MODULE}@{VERSION}", f"{match[1]}: modgate and the go command agree with it"]
