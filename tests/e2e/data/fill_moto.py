"""Secrets and parameters with Airflow connections in them, in a moto server. Usage: fill_moto.py URL. Prints the keys of a
user who may do nothing."""

import json
import sys

import boto3

url = sys.argv[1]
keys = {"aws_access_key_id": "AKIAMOTOADMIN0000001", "aws_secret_access_key": "x"}


def client(service, region="eu-west-1"):
    return boto3.client(service, region_name=region, endpoint_url=url, **keys)


connection = {
    "conn_type": "aws",
    "login": "AKIAEXAMPLEINSECRET1",
    "password": "moto-secret-access-key-of-the-tests",
}
uri = "aws://AKIAEXAMPLEINSECRET1:moto-secret-access-key-of-the-tests@"
secrets = client("secretsmanager")
secrets.create_secret(Name="airflow/connections/text", SecretString=json.dumps(connection))
secrets.create_secret(Name="airflow/connections/bytes", SecretBinary=json.dumps(connection).encode())
parameters = client("ssm")
parameters.put_parameter(Name="/airflow/connections/text", Value=uri, Type="SecureString")
client("secretsmanager", "us-east-1").create_secret(Name="airflow/connections/overseas", SecretString=uri)
iam = client("iam")
iam.create_user(UserName="nobody")
key = iam.create_access_key(UserName="nobody")["AccessKey"]
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
