# A repository of its own each time, since one that is there is not made again.
export RESTIC_PASSWORD=x
exec "$RESTIC" --no-cache -r "s3:$S3/bkt/restic$$" init
