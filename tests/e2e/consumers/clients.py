"""The clients, and how each is started. LAB_CONSUMERS: the folder that tests/lab/install filled."""
import os, pathlib

HERE = pathlib.Path(__file__).resolve().parent / "clients"
KIT = pathlib.Path(os.environ["LAB_CONSUMERS"])


def python(venv, script, *args):
    return [str(KIT / venv / "bin/python"), "-B", str(HERE / script), *args]


def shell(script, **variables):
    return ["env", *[f"{name}={value}" for name, value in variables.items()], "sh", str(HERE / script)]


def node(script, *args):
    return ["env", f"NODE_PATH={KIT / 'js/node_modules'}", "node", str(HERE / "js" / script), *args]


# Client: how it is started, and the ways that it does not know itself.
ONCE = {
    "boto3 1.44": (python("boto3", "read_boto3.py"), ()),
    "boto3 1.26": (python("boto3-1.26", "read_boto3.py"), ()),
    "boto3 1.20": (python("boto3-1.20", "read_boto3.py"), ()),
    "smart_open 9.0 (boto3 1.26)": (python("boto3-1.26", "read_smart_open.py"), ()),
    "AWS CLI 1.46": (shell("aws.sh", AWS=KIT / "boto3/bin/aws"), ()),
    "s3fs 2026.9 (aiobotocore 2.25)": (python("aio", "read_s3fs.py"), ()),
    "polars 2.1": (python("arrow", "read_polars.py"), ("process",)),
    "polars 2.1, provider boto3": (python("arrow", "read_polars_boto3.py"), ()),
    "deltalake 1.6": (python("arrow", "read_deltalake.py"), ("process",)),
    "obstore 0.12": (python("arrow", "read_obstore.py"), ("process",)),
    "OpenDAL 0.47": (python("arrow", "read_opendal.py"), ("process",)),
    "pyarrow 26.0 (SDK for C++)": (python("arrow", "read_pyarrow.py"), ()),
    "TileDB 0.36 (SDK for C++)": (python("tiledb", "read_tiledb.py"), ()),
    "DuckDB 1.4 (SDK for C++)": (python("duckdb", "read_duckdb.py"), ()),
    "GDAL (rasterio 1.4)": (python("gdal", "read_gdal.py"), ("process",)),
    "daft 0.7 (SDK for Rust)": (python("daft", "read_daft.py"), ()),
    "awscrt 0.38": (python("boto3", "read_awscrt.py"), ()),
    "s3torchconnector 1.5 (CRT)": (python("s3torch", "read_s3torch.py"), ()),
    "tensorstore 0.1.86 (CRT)": (python("arrow", "read_tensorstore.py"), ("process",)),
    "minio-py 7.2": (python("arrow", "read_minio.py"), ("process",)),
    "SDK for JavaScript 3.1175": (node("v3.js"), ()),
    "SDK for JavaScript 3.1175, providers one by one": (node("v3-providers.js"), ()),
    "SDK for JavaScript 2.1693": (node("v2.js"), ()),
    "minio-js 8.0": (node("minio.js"), ("process", "env")),
    "chdb 4.4 (ClickHouse)": (python("chdb", "read_chdb.py"), ("process",)),
    "SDK for Go 2, 1.17 (Debian 12)": ([str(KIT / "go/v2")], ()),
    "SDK for Go 1, 1.44 (Debian 12)": ([str(KIT / "go/v1")], ()),
    "rclone 1.75 (SDK for Go 2)": (shell("rclone.sh", RCLONE=KIT / "arrow/bin/rclone"), ()),
    "s5cmd (SDK for Go 1)": (shell("s5cmd.sh", S5CMD=KIT / "arrow/bin/s5cmd"), ()),
    # Of the distribution, whose versions its release pins.
    "AWS CLI 2.9 (Debian 12)": (shell("aws.sh", AWS="/usr/bin/aws"), ()),
    "SDK for Ruby 3.168 (Debian 12)": (["/usr/bin/ruby", str(HERE / "read.rb")], ("exec", "serve")),
    "restic 0.14 (Debian 12, minio-go)": (shell("restic.sh", RESTIC="/usr/bin/restic"), ("process",)),
}

# Those that read again and again; the name is also that of their object in the bucket.
LOOPS = {
    "boto3": python("boto3", "loop.py", "boto3", "boto3"),
    "boto3-old": python("boto3-1.20", "loop.py", "boto3", "boto3-old"),
    "s3fs": python("aio", "loop.py", "s3fs", "s3fs"),
    "pyarrow": python("arrow", "loop.py", "pyarrow", "pyarrow"),
    "obstore": python("arrow", "loop.py", "obstore", "obstore"),
    "opendal": python("arrow", "loop.py", "opendal", "opendal"),
    "s3torch": python("s3torch", "loop.py", "s3torch", "s3torch"),
    "js-v3": node("loop.js", "v3", "js-v3"),
}

# What reads ~/.aws/credentials by itself, whatever AWS_SHARED_CREDENTIALS_FILE names: its own limit, note 1 of the table.
# GDAL has a variable of its own for it, which `exec` sets.
READS_ITS_OWN_FILE = {"polars 2.1": ("exec", "serve"), "GDAL (rasterio 1.4)": ("serve",)}
