"""No secret is told anywhere: not in answers, log, record, metrics, settings, files, command lines or environments."""
import os
import threading

from company import API, GREETING, READER, Company
from doubles.ldap import SERVICE_PASSWORD, password


def process_texts(gate):
    """Command lines and environments of the daemon and its children."""
    found = []
    for folder in os.listdir("/proc"):
        try:
            with open(f"/proc/{folder}/stat", encoding="utf-8") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            if folder.isdigit() and gate.process.pid in (int(folder), parent):
                for name in ("cmdline", "environ"):
                    with open(f"/proc/{folder}/{name}", "rb") as file:
                        found.append((f"{folder}/{name}", file.read()))
        except OSError:
            continue
    return found


def test_no_secret_is_told_anywhere(stage):
    """Right and wrong credentials of every kind, then every place that a secret might have reached."""
    company, slapd, idp = Company(stage), stage.ldap(), stage.idp()
    jwt = {"issuer": idp.issuer, "audiences": [idp.audience], "algorithms": ["ES256"], "jwks_file": idp.jwks, "user_claim": "sub"}
    gate = company.gateway(settings=lambda gate: {"auth.jwt": [jwt], "log.level": "debug",
                                                  "auth.ldap": slapd.settings(stage.ca.pem, gate.secret("ldap", SERVICE_PASSWORD))})
    token, signed = gate.token("alice", ["payments"]), idp.token("ci-job")
    wrong = "wrong-" + password("alice")
    secrets = {"token": token.split("_")[2], "password": password("alice"), "service password": SERVICE_PASSWORD, "git password": READER[1],
               "JWT's claims": signed.split(".")[1], "JWT's signature": signed.rsplit(".", 1)[1], "wrong token": "mg_thisisnotoken",
               "admin token": gate.admin_token().split("_")[2]}
    told = []
    callers = [{"token": token}, {"token": signed}, {"token": signed + "x"}, {"token": secrets["wrong token"]},
               {"user": ("alice", password("alice"))}, {"user": ("alice", wrong)}, {"user": ("x", token)}, {"user": ("x", signed)}]
    for caller in callers:
        for path in (f"/{API}/@v/list", f"/{GREETING}/@v/v1.1.0.zip", "/", "/nosuch"):
            told.append(repr(gate.request(path, **caller)))
    company.host.faults.set("paths", "/web/* hang")
    hanging = threading.Thread(target=lambda: gate.request("/git.corp.example/web/!portal/@v/list", token=gate.token("carol", ["web"])))
    hanging.start()
    gate.wait(lambda: len([name for name, _ in process_texts(gate) if name.endswith("cmdline")]) > 1, "has no git child")
    processes = process_texts(gate)
    company.host.stop()
    hanging.join()
    places = {"answers": "".join(told), "metrics": gate.request("/metrics").body.decode(), "log": gate.stderr(),
              "tokens": gate.command("token", "list"), "settings": gate.command("show-config"), "export": repr(gate.audit_lines())}
    gate.stop()
    files = [os.path.join(folder, name) for folder, _, names in os.walk(gate.path("data")) for name in names]
    places.update((name, text.decode("latin-1")) for name, text in processes)
    places.update((name, open(name, "rb").read().decode("latin-1")) for name in files)
    assert len(processes) >= 4 and any(".db" in name for name in places)
    assert [(place, name) for place, text in places.items() for name, secret in secrets.items() if secret in text] == []
