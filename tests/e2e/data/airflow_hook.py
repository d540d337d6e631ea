"""An AwsBaseHook of Airflow's, whose connection `fed` is fedcred's: obtains credentials, and obtains them anew when they
have become old."""

import json
import sys
import time

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

session = AwsBaseHook(aws_conn_id="fed", client_type="sts").get_session()
credentials = session.get_credentials()
first = credentials.get_frozen_credentials().access_key
time.sleep(float(sys.argv[1]))
second = credentials.get_frozen_credentials().access_key
print(json.dumps({"first": first, "second": second, "region": session.region_name, "method": credentials.method}))
