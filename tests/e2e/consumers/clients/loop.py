"""A client that reads every three seconds, for as long as $SECONDS_TO_RUN says. usage: loop.py CLIENT NAME"""
import os, sys, time

client, name = sys.argv[1:]
s3, end = os.environ["S3"], time.time() + float(os.environ["SECONDS_TO_RUN"])
host = s3.removeprefix("http://")


def boto3():
    import boto3
    c = boto3.client("s3", endpoint_url=s3, region_name="eu-west-1")
    return lambda: c.get_object(Bucket="bkt", Key=f"l/{name}.txt")["Body"].read()


def s3fs():
    import s3fs
    c = s3fs.S3FileSystem(client_kwargs={"endpoint_url": s3, "region_name": "eu-west-1"})
    return lambda: c.cat(f"bkt/l/{name}.txt")


def pyarrow():
    import pyarrow.fs
    c = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http", region="eu-west-1")
    return lambda: c.open_input_stream(f"bkt/l/{name}.txt").read()


def polars():
    import polars
    options = {"aws_endpoint_url": s3, "aws_region": "eu-west-1", "aws_allow_http": "true"}
    return lambda: polars.scan_parquet(f"s3://bkt/l/{name}.parquet", storage_options=options).collect()


def obstore():
    import obstore
    from obstore.store import S3Store
    c = S3Store("bkt", endpoint=s3, region="eu-west-1", client_options={"allow_http": True})
    return lambda: bytes(obstore.get(c, f"l/{name}.txt").bytes())


def opendal():
    import opendal
    c = opendal.Operator("s3", bucket="bkt", endpoint=s3, region="eu-west-1")
    return lambda: c.read(f"l/{name}.txt")


def duckdb():
    from duckdb_s3 import connect
    c = connect(refresh=True)
    return lambda: c.execute(f"select * from read_csv('s3://bkt/l/{name}.csv')").fetchall()


def s3torch():
    from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client
    more = {"profile": os.environ["AWS_PROFILE"]} if os.environ.get("AWS_PROFILE") else {}
    c = MountpointS3Client(region="eu-west-1", endpoint=s3, force_path_style=True, **more)
    return lambda: b"".join(c.get_object("bkt", f"l/{name}.txt"))


def tiledb():
    import tiledb
    c = tiledb.VFS(ctx=tiledb.Ctx(tiledb.Config({"vfs.s3.endpoint_override": host, "vfs.s3.scheme": "http", "vfs.s3.use_virtual_addressing": "false", "vfs.s3.region": "eu-west-1"})))
    return lambda: c.open(f"s3://bkt/l/{name}.txt", "rb").read()


def daft():
    import daft
    from daft.io import IOConfig, S3Config
    c = IOConfig(s3=S3Config(endpoint_url=s3, region_name="eu-west-1", force_virtual_addressing=False))
    return lambda: daft.read_parquet(f"s3://bkt/l/{name}.parquet", io_config=c).to_pydict()


read, rounds = globals()[client](), 0
while time.time() < end:
    try:
        read()
    except BaseException as fault:
        print(round(time.time()), name, "ERROR", str(fault).replace("\n", " ")[-200:], flush=True)
    rounds += 1
    time.sleep(3)
print(name, "done", rounds, flush=True)
