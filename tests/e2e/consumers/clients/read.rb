require "aws-sdk-s3"
s3 = Aws::S3::Client.new(endpoint: ENV["S3"], region: "eu-west-1", force_path_style: true)
puts s3.get_object(bucket: "bkt", key: "x.txt").body.read
