"""``python -m systems.bank.check_chain``: check the audit lines of the banks that run.

It reads all lines, computes every hash anew, and adds up what they say was posted, which has to be
the balance of every account. It says the number and hash of the last line: who notes these
elsewhere can give them again (``--noted 120:ab12…``), and then finds also a chain that was made
anew from an earlier line on. It returns 1 if something is wrong.
"""

import argparse
import sys

import httpx

from systems.bank.accounts import chain
from systems.bank.accounts.chain import Head, Line

URLS = ("http://127.0.0.1:6501", "http://127.0.0.1:6502")
_PAGE = 500
_SIGNS = {"credit": 1, "debit": -1}


def faults(url: str, noted: dict[int, str]) -> tuple[str, Head, list[str]]:
    """Return the bank's name, the end of its chain, and what is wrong with it, in words.

    Raises httpx.HTTPError when it does not answer.
    """
    with httpx.Client(base_url=url, timeout=30) as client:
        trial = client.get("/trial-balance").raise_for_status().json()
        lines, head = _chain(client)
    wrong = chain.faults(lines, head, noted)
    told = {
        each["account"]: _SIGNS[each["side"]] * each["amount"]["amount"]
        for each in trial["accounts"]
    }
    posted = chain.balances(line for line in lines if line.number <= trial["asOf"])
    for account in sorted(told.keys() | posted.keys()):
        if told.get(account, 0) != posted.get(account, 0):
            said = f"{told.get(account, 0)}, and its postings come to {posted.get(account, 0)}"
            wrong.append(f"{account} has a balance of {said}")
    return trial["bank"], head, wrong


def _chain(client: httpx.Client) -> tuple[list[Line], Head]:
    """Return all audit lines, page by page, and the end of the chain as the last page has it."""
    lines, after, last = list[Line](), 0, 1
    while after < last:
        asked = client.get("/audit-lines", params={"after": after, "limit": _PAGE})
        page = asked.raise_for_status().json()
        lines += [Line.model_validate(line) for line in page["lines"]]
        after, last = min(after + _PAGE, page["last"]), page["last"]
    return lines, Head(number=page["last"], hash=page["hash"])


def main() -> int:
    """Check every bank; return 0, or 1 if something is wrong or does not answer."""
    parser = argparse.ArgumentParser(prog="python -m systems.bank.check_chain", description=__doc__)
    parser.add_argument("urls", nargs="*", default=URLS, help="where the banks' services are")
    parser.add_argument("--noted", action="append", default=[], metavar="NUMBER:HASH")
    asked = parser.parse_args()
    noted = {int(number): hash_ for number, _, hash_ in (n.partition(":") for n in asked.noted)}
    wrong = False
    for url in asked.urls:
        try:
            bank, head, found = faults(url, noted)
        except httpx.HTTPError as fault:
            bank, head, found = url, Head(), [f"it does not answer: {fault!r}"]
        wrong = wrong or bool(found)
        print(f"{bank}: {'broken' if found else 'whole'}, ends with {head.number}:{head.hash}")
        for each in found:
            print(f"  {each}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
