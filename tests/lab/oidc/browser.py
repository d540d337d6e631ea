"""Plays a person at a browser: opens a URL and goes through the OpenID provider's pages to their end.

usage: browser.py URL USER [--deny]
Types USER where a login is asked for and agrees to everything else, or leaves at the first question (--deny). Follows
redirects wherever they lead, so that a program that waits on loopback gets its answer. Prints where it ended, and what
stands there.
"""

import argparse
import html
import re
import sys
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener

MOST_PAGES = 12


class Page:
    """What a request led to."""

    def __init__(self, response):
        self.url = response.geturl()
        self.text = response.read().decode()

    def form(self):
        """The first form's target and fields, or None."""
        form = re.search(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', self.text, re.S)
        if form is None:
            return None
        fields = {}
        for tag in re.findall(r"<input[^>]*>", form[2]):
            name = re.search(r'name="([^"]*)"', tag)
            value = re.search(r'value="([^"]*)"', tag)
            if name:
                fields[name[1]] = html.unescape(value[1]) if value else ""
        return urljoin(self.url, html.unescape(form[1])), fields

    def leave(self):
        """Where the page's way out leads, or None."""
        link = re.search(r'<a href="([^"]+/abort)"', self.text)
        return urljoin(self.url, html.unescape(link[1])) if link else None

    def heading(self):
        """What the page says first."""
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.S)
        return found[1] if found else self.text


def main():
    """Clicks through."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("user")
    arguments.add_argument("--deny", action="store_true")
    given = arguments.parse_args()

    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = Page(browser.open(given.url))
    for _ in range(MOST_PAGES):
        way_out = page.leave() if given.deny else None
        if way_out:
            page = Page(browser.open(way_out))
        form = None if way_out else page.form()
        if form is None:
            print(page.url.split("?")[0], page.heading())
            return
        target, fields = form
        if "login" in fields:
            fields.update(login=given.user, password="anything")
        page = Page(browser.open(target, urlencode(fields).encode()))
    sys.exit("browser: the pages do not end")


main()
