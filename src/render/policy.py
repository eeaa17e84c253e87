"""What a page of the preview may load and run: a content-security policy as strict as the page allows, written into its head."""

import re
from base64 import b64encode
from hashlib import sha256

PLACE = "@policy@"
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.S | re.I)


def content_security_policy(html: str) -> str:
    """The policy of a page: the scripts that stand in it, each by its digest, pictures beside it, and no host at all.

    `'self'` names the page's own site or folder. It is granted to scripts only where the page loads one from a file, and workers only where
    it makes one.
    """
    sources = []
    for attributes, body in _SCRIPT.findall(html):
        if re.search(r"\bsrc\s*=", attributes):
            sources.append("'self'")
        elif not re.search(r"type\s*=\s*[\"']?(application|text)/(?!javascript)", attributes):
            sources.append(f"'sha256-{b64encode(sha256(body.encode()).digest()).decode()}'")
    rules = {
        "default-src": ["'none'"],
        "script-src": list(dict.fromkeys(sources)) or ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        **({"worker-src": ["blob:"]} if "new Worker(" in html else {}),
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{rule} {' '.join(allowed)}" for rule, allowed in rules.items())
