"""The audit trail as a table of at most 95 columns: who got what, and who was refused; the rows in between are counted."""
ROWS = 16
COLUMNS = (("row", 4, ">"), ("time (UTC)", 10, "<"), ("who", 6, "<"), ("asks", 6, "<"), ("for", 41, "<"), ("verdict", 7, "<"), ("", 3, ">"), ("because", 12, "<"))


def audit_table(rows):
    """Lines as Teller.details takes them: refused rows in another colour."""
    telling = pick(rows)
    lines = [("2", layout([name for name, _, _ in COLUMNS]))]
    lines += [(colour(row), layout(cells(row))) for row in telling]
    lines.append(f"{len(telling)} of {len(rows)} rows; all of them: modgate audit export")
    return lines


def pick(rows):
    """Zips given out, and refusals; of equal ones in a row the first; the earliest and the latest if there are too many."""
    telling = []
    for row in rows:
        refused = row.get("verdict") == "deny" or row.get("status", 0) >= 400
        if (refused and row["kind"] != "outcome") or (row["kind"] == "access" and row.get("action") == "zip"):
            if not telling or told(row) != told(telling[-1]):
                telling.append(row)
    return telling if len(telling) <= ROWS else telling[:ROWS // 2] + telling[-ROWS // 2:]


def told(row):
    return [row.get(name) for name in ("kind", "user", "module", "version", "verdict", "status")]


def colour(row):
    return "33" if row.get("verdict") != "allow" or row.get("status", 200) >= 400 else "0"


def cells(row):
    what = row.get("module", "") + (f"@{row['version']}" if row.get("version") else "")
    because = row.get("rule") or row.get("reason", "") if row.get("verdict") != "allow" else f"{row.get('source', '')} {row.get('proof', '')}"
    return [str(row["seq"]), row["time"][11:19], row.get("user") or "-", row.get("action", row["kind"]), what, row.get("verdict", ""),
            str(row.get("status", "")), because]


def layout(texts):
    parts = [f"{text if len(text) <= width else text[:width - 1] + '…':{side}{width}}" for text, (_, width, side) in zip(texts, COLUMNS)]
    return " ".join(parts).rstrip()
