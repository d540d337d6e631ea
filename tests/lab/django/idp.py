"""Django with djangosaml2idp, in one file: idp.py DIR PORT

DIR holds idp.key and idp.crt. alice, who logs in by the page of Django's admin, is offered the role Dev.
"""

import datetime
import os
import sys
from types import ModuleType

import django
import saml2
from django.conf import settings
from django.core.management import call_command
from saml2.saml import NAMEID_FORMAT_UNSPECIFIED

DIRECTORY, PORT = os.path.realpath(sys.argv[1]), sys.argv[2]
ORIGIN = f"http://localhost:{PORT}"
AWS = "urn:amazon:webservices"
ACCOUNT = "arn:aws:iam::111122223333"
DATABASE = f"{DIRECTORY}/users.sqlite3"
METADATA = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{AWS}" validUntil="2100-01-01T00:00:00Z">
<md:SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:AssertionConsumerService index="1" isDefault="true" Binding="{saml2.BINDING_HTTP_POST}"
 Location="https://signin.aws.amazon.com/saml"/></md:SPSSODescriptor></md:EntityDescriptor>"""

context = "django.template.context_processors.request", "django.contrib.auth.context_processors.auth"
settings.configure(
    SECRET_KEY="of-the-lab-alone",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF="lab_urls",
    LOGIN_URL="/admin/login/",
    STATIC_URL="/static/",
    USE_TZ=False,
    BASE_DIR=DIRECTORY,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    INSTALLED_APPS=[
        *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")),
        "djangosaml2idp",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [*context, "django.contrib.messages.context_processors.messages"]},
        }
    ],
    SAML_IDP_CONFIG={
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "entityid": f"{ORIGIN}/idp/metadata/",
        "key_file": f"{DIRECTORY}/idp.key",
        "cert_file": f"{DIRECTORY}/idp.crt",
        "service": {
            "idp": {
                "endpoints": {
                    "single_sign_on_service": [
                        (f"{ORIGIN}/idp/sso/post/", saml2.BINDING_HTTP_POST),
                        (f"{ORIGIN}/idp/sso/redirect/", saml2.BINDING_HTTP_REDIRECT),
                    ]
                },
                "name_id_format": [NAMEID_FORMAT_UNSPECIFIED],
            }
        },
    },
)
django.setup()

# What needs the settings.
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.urls import include, path  # noqa: E402
from djangosaml2idp.models import ServiceProvider  # noqa: E402
from djangosaml2idp.processors import BaseProcessor  # noqa: E402


class Processor(BaseProcessor):
    """Gives what AWS wants in place of Django's own attributes."""

    def create_identity(self, user, sp_attribute_mapping):
        prefix = "https://aws.amazon.com/SAML/Attributes"
        return {
            f"{prefix}/Role": f"{ACCOUNT}:role/Dev,{ACCOUNT}:saml-provider/django",
            f"{prefix}/RoleSessionName": user.username,
        }


urls = ModuleType("lab_urls")
urls.Processor = Processor
urls.urlpatterns = [path("admin/", admin.site.urls), path("idp/", include("djangosaml2idp.urls"))]
sys.modules["lab_urls"] = urls

call_command("migrate", verbosity=0)
User.objects.create_superuser("alice", "alice@example.test", os.environ["LAB_ALICE_PASSWORD"])
ServiceProvider.objects.create(
    entity_id=AWS,
    local_metadata=METADATA,
    metadata_expiration_dt=datetime.datetime(2100, 1, 1),
    _processor="lab_urls.Processor",
    _nameid_field="username",
    _sign_response=True,
    _sign_assertion=True,
)
call_command("runserver", f"127.0.0.1:{PORT}", "--noreload")
