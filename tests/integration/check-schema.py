#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check a JSON document on stdin against a schema of the runtime-spec.

    check-schema.py config|state|features <DOCUMENT

Prints a line for each violation; the status is 1 when there is one.
"""
import json
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")  # RefResolver is what Debian 12's jsonschema has
import jsonschema  # noqa: E402

directory = pathlib.Path(__file__).resolve().parent / "data" / "schema"
path = directory / f"{sys.argv[1]}-schema.json"
schema = json.loads(path.read_text(encoding="utf-8"))
resolver = jsonschema.RefResolver(path.as_uri(), schema)
errors = list(jsonschema.Draft4Validator(schema, resolver=resolver).iter_errors(json.load(sys.stdin)))
for error in errors:
    print("/".join(map(str, error.absolute_path)) or "(document)", error.message, sep=": ")
sys.exit(bool(errors))
