"""Reads Terraform in the file that is its argument with a parser of HCL, and prints what it says as JSON."""

import json
import sys

import hcl2

with open(sys.argv[1]) as file:
    json.dump(hcl2.load(file), sys.stdout)
