"""The audit trail as a table of at most 95 columns: who got what, who was refused, and how many rows there are beside."""
COLUMNS = (("row", 3, ">"), ("UTC", 8, "<"), ("who", 5, "<"), ("asks", 6, "<"),
           ("for", 41, "<"), ("said", 5, "<"), ("", 3, ">"), ("because", 17, "<"))


def audit_table(rows):
    """Lines as Teller.details takes them: refused rows in another colour."""
    telling = pick(rows)
    lines = [("2", layout([name for name, _, _ in COLUMNS]))]
    lines += [(colour(row), layout(cells(row))) for row in telling]
    lines.append(f"{len(telling)} of {len(rows)} rows; all of them: modgate audit export")
    return lines


def pick(rows):
    """Zips given out, refusals, and what failed; of those that tell the same the first."""
    telling, known = [], set()
    for row in rows:
        kind = "zip" if row.get("action") == "zip" and row.get("verdict") == "allow" else row.get("status", 0)
        told = (row.get("user"), row.get("module"), row.get("verdict"), kind)
        if row["kind"] != "outcome" and (row.get("verdict") == "deny" or kind == "zip" or kind >= 500) and told not in known:
            known.add(told)
            telling.append(row)
    return telling


def colour(row):
    return "33" if row.get("verdict") != "allow" or row.get("status", 200) >= 400 else "0"


def cells(row):
    what = row.get("module", "") + (f"@{row['version']}" if row.get("version") else "")
    because = row.get("rule") or row.get("reason", "") if row.get("verdict") != "allow" else granted(row)
    return [str(row["seq"]), row["time"][11:19], row.get("user") or "-", row.get("action", row["kind"]), what, row.get("verdict", ""),
            str(row.get("status", "")), because]


def granted(row):
    """How it was had: fetched, sumdb (proved against the database); built, pin (from git, and the same as ever)."""
    return ", ".join(word for word in (row.get("source"), row.get("proof")) if word and word != "none") or "could not be had"


def layout(texts):
    parts = [f"{text if len(text) <= width else text[:width - 1] + '…':{side}{width}}" for text, (_, width, side) in zip(texts, COLUMNS)]
    return " ".join(parts).rstrip()
