#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare rootlet-config(5) with the schemas of the runtime-spec and with `rootlet features`.

    config-table.py properties|outcomes|options|values|tests <FEATURES

Prints a line for each thing that is missing or too much; the status is 1 when there is one. In the
page a head is `.It Li NAME`; heads that follow one another share the text below them, which is
complete when it ends with an outcome, `.Sy Works` and so on.
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE / "data" / "schema"
PAGE = HERE.parent.parent / "src" / "man" / "rootlet-config.5"

OTHER_PLATFORMS = {"solaris", "windows", "vm", "zos", "freebsd"}  # a head each, nothing below it
OUTCOME = re.compile(r"\.Sy (Works|Works where permitted|Refused|Ignored) ([.,;:])$")


def load(name, documents={}):
    if name not in documents:
        documents[name] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return documents[name]


def resolve(document, reference):
    """The schema that a $ref in the file DOCUMENT means, and the file where that one is."""
    name, _, pointer = reference.partition("#")
    document = name or document
    node = load(document)
    for part in pointer.strip("/").split("/"):
        node = node[part] if part else node
    return document, node


def properties(document, node, path=""):
    """Every property below NODE as a path such as mounts[].options."""
    if "$ref" in node:
        yield from properties(*resolve(document, node["$ref"]), path)
        return
    for part in node.get("allOf", []) + node.get("anyOf", []) + node.get("oneOf", []):
        yield from properties(document, part, path)
    for key, value in node.get("properties", {}).items():
        below = f"{path}.{key}" if path else key
        yield below
        if below not in OTHER_PLATFORMS:
            yield from properties(document, value, below)
    for value in node.get("patternProperties", {}).values():
        yield from properties(document, value, f"{path}.*")
    if isinstance(node.get("additionalProperties"), dict):
        yield from properties(document, node["additionalProperties"], f"{path}.*")
    items = node.get("items", [])
    for item in items if isinstance(items, list) else [items]:
        yield from properties(document, item, f"{path}[]")


class Table:
    """The heads of the page: those of properties, those of mount options, and each one's text."""

    def __init__(self, text):
        self.properties, self.options, self.rows = [], [], []
        section, heads, body = "", [], []
        for line in text.splitlines():
            new_head = line.startswith(".It Li ")
            if heads and (line == ".El" or (new_head and body)):
                self.rows.append((heads, body))
                heads, body = [], []
            if line.startswith(".Sh "):
                section = line[4:]
            elif new_head:
                heads.append(line[7:])
                names = self.options if section == "MOUNT OPTIONS" else self.properties
                names.append(line[7:])
                body = []
            elif heads and line != ".Pp":
                body.append(line)


def compare(what, page, other, where):
    for name in sorted(set(other) - set(page)):
        yield f"{what} {name}: not in the page"
    for name in sorted(set(page) - set(other)):
        yield f"{what} {name}: in the page, but not in {where}"
    for name in sorted({name for name in page if page.count(name) > 1}):
        yield f"{what} {name}: twice in the page"


def check_properties(table, _):
    found = list(properties("config-schema.json", load("config-schema.json")))
    assert len(set(found)) > 200, "the schemas are not understood"
    yield from compare("property", table.properties, found, "the schema")


def check_outcomes(table, _):
    for heads, body in table.rows:
        outcomes = [match for match in map(OUTCOME.match, body) if match]
        name = ", ".join(heads)
        if len(outcomes) != 1:
            yield f"{name}: {len(outcomes)} outcomes"
        # What needs a reason has it behind the outcome.
        elif (outcomes[0][2] == ".") != (OUTCOME.match(body[-1]) is not None):
            yield f"{name}: the outcome is not the end"
        elif outcomes[0][2] == "." and outcomes[0][1] != "Works":
            yield f"{name}: {outcomes[0][1]}, but not why"


def check_options(table, features):
    yield from compare("mount option", table.options, features["mountOptions"], "features")


def check_values(_, features):
    """What features lists beside mount options is told somewhere in the text."""
    text = PAGE.read_text(encoding="utf-8")
    lists = {"hooks": features["hooks"], "namespaces": features["linux"]["namespaces"]}
    for key in "actions", "operators", "knownFlags":
        lists[key] = features["linux"]["seccomp"][key]
    for key, names in lists.items():
        for name in names:
            if not re.search(rf"(?<![A-Za-z_]){re.escape(name)}(?![A-Za-z_])", text):
                yield f"{key}: {name} is not in the page"


def listed_tests():
    """Property, file and test of each entry in data/config-tests."""
    for line in (HERE / "data" / "config-tests").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            names, file, test = line.split(": ", 2)
            yield from ((name, file, test) for name in names.split())


def check_tests(table, _):
    """A property that works and has none below it has its test, and that test exists."""
    works = []
    for heads, body in table.rows:
        if any(line.startswith(".Sy Works") for line in body):
            works += [head for head in heads if head in table.properties]
    parents = {name for name in works
               if any(other.startswith((f"{name}.", f"{name}[]")) for other in works)}
    listed = list(listed_tests())
    names = [name for name, _, _ in listed]
    wanted = set(works) - parents
    for name in sorted(wanted.symmetric_difference(names)):
        yield f"{name}: {'has no' if name in wanted else 'needs no, or is no property with a'} test"
    for name, file, test in listed:
        path = HERE / file
        if not path.exists() or f'@test "{test}" {{\n' not in path.read_text(encoding="utf-8"):
            yield f"{name}: {file} has no test of this name: {test}"


def main():
    check = globals()[f"check_{sys.argv[1]}"]
    table = Table(PAGE.read_text(encoding="utf-8"))
    faults = list(check(table, json.load(sys.stdin)))
    print("".join(f"{fault}\n" for fault in faults), end="")
    print(f"{len(table.properties)} properties, {len(table.options)} mount options",
          file=sys.stderr)
    sys.exit(bool(faults))


main()
