"""Writes the configuration and the people of one portal: configure.py DIR KEY CERTIFICATE ORIGIN MODULE

MODULE is the authentication: DBI (the login form) or Kerberos. alice is offered the role Dev through the SAML provider that
has the name of DIR, with `lemonldap-` before it; bob and carol are unknown.
"""

import json
import os
import sqlite3
import sys
from pathlib import Path

directory, key, certificate, origin, module = sys.argv[1:]
directory = Path(directory)
account = "arn:aws:iam::111122223333"
provider = f"{account}:saml-provider/lemonldap-{directory.name}"
attributes = "https://aws.amazon.com/SAML/Attributes"
metadata = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:amazon:webservices">
<md:SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
<md:AssertionConsumerService index="1" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
 Location="https://signin.aws.amazon.com/saml"/></md:SPSSODescriptor></md:EntityDescriptor>"""


def store(name):
    """Sessions in files below a directory of their own."""
    locks = directory / name / "lock"
    locks.mkdir(parents=True)
    return {"Directory": str(locks.parent), "LockDirectory": str(locks)}


def attribute(name):
    """An attribute that is always sent, in the manager's notation."""
    return f"1;{attributes}/{name};urn:oasis:names:tc:SAML:2.0:attrname-format:uri;{name}"


users = directory / "users.sqlite3"
database = f"dbi:SQLite:dbname={users}"
with sqlite3.connect(users) as connection:
    connection.execute("create table users (uid text, password text, role text)")
    password = os.environ["LAB_ALICE_PASSWORD"]
    connection.execute("insert into users values ('alice', ?, ?)", (password, f"{account}:role/Dev,{provider}"))

configuration = {
    "cfgNum": 1,
    "cfgAuthor": "lab",
    "cfgDate": 1,
    "portal": f"{origin}/",
    "domain": "localhost",
    "cookieName": "lemonldap",
    "securedCookie": 0,
    "key": "of-the-lab-alone",
    "whatToTrace": "uid",
    "authentication": module,
    "userDB": "DBI",
    "passwordDB": "Null",
    "registerDB": "Null",
    "dbiAuthChain": database,
    "dbiUserChain": database,
    "dbiAuthTable": "users",
    "dbiUserTable": "users",
    "dbiAuthLoginCol": "uid",
    "dbiAuthPasswordCol": "password",
    "dbiAuthPasswordHash": "",
    "userPivot": "uid",
    "dbiExportedVars": {"uid": "uid", "role": "role"},
    "krbKeytab": f"{os.environ['LAB_KDC_DIR']}/http.keytab",
    "krbByJs": 0,
    "krbRemoveDomain": 1,
    "globalStorage": "Apache::Session::File",
    "globalStorageOptions": store("sessions"),
    "persistentStorage": "Apache::Session::File",
    "persistentStorageOptions": store("persistent"),
    "issuerDBSAMLActivation": 1,
    "issuerDBSAMLPath": "^/saml/",
    "samlEntityID": f"{origin}/saml/metadata",
    "samlServicePrivateKeySig": Path(key).read_text(),
    "samlServicePublicKeySig": Path(certificate).read_text(),
    "samlServiceUseCertificateInResponse": 1,
    "samlServiceSignatureMethod": "RSA_SHA256",
    "samlSPMetaDataXML": {"aws": {"samlSPMetaDataXML": metadata}},
    "samlSPMetaDataExportedAttributes": {
        "aws": {"role": attribute("Role"), "uid": attribute("RoleSessionName")}
    },
    "samlSPMetaDataOptions": {
        "aws": {
            "samlSPMetaDataOptionsNameIDFormat": "persistent",
            "samlSPMetaDataOptionsSignSSOMessage": 1,
            "samlSPMetaDataOptionsCheckSSOMessageSignature": 0,
            "samlSPMetaDataOptionsEnableIDPInitiatedURL": 1,
            "samlSPMetaDataOptionsEncryptionMode": "none",
        }
    },
    "macros": {},
    "exportedVars": {},
    "exportedHeaders": {},
    "locationRules": {},
    "applicationList": {},
    "portalDisplayRegister": 0,
    "portalDisplayResetPassword": 0,
}
(directory / "conf").mkdir()
(directory / "conf/lmConf-1.json").write_text(json.dumps(configuration))
(directory / "lemonldap-ng.ini").write_text(f"""[all]
logLevel=warn
[configuration]
type=File
dirName={directory}/conf
localStorage=Cache::FileCache
localStorageOptions={{'namespace' => 'lab', 'default_expires_in' => 600, 'cache_root' => '{directory}/cache', 'cache_depth' => 2}}
[portal]
staticPrefix=/static
templateDir=/usr/share/lemonldap-ng/portal/templates
languages=en
[handler]
""")
