// The AWS SDK for Go 2. Without an argument: who the credentials are, by STS. `v2 read FILE`: FILE is a JSON list of
// [profile, path of a config file]; prints for each the region, and the access key id that its credential_process gives.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "read" {
		os.Unsetenv("AWS_REGION")
		os.Unsetenv("AWS_DEFAULT_REGION")
		text, err := os.ReadFile(os.Args[2])
		check(err)
		var asked, told [][2]string
		check(json.Unmarshal(text, &asked))
		for _, one := range asked {
			told = append(told, read(one[0], one[1]))
		}
		check(json.NewEncoder(os.Stdout).Encode(told))
		return
	}
	c, err := config.LoadDefaultConfig(context.TODO())
	check(err)
	client := sts.NewFromConfig(c, func(o *sts.Options) { o.EndpointResolver = sts.EndpointResolverFromURL(os.Getenv("STS_URL")) })
	who, err := client.GetCallerIdentity(context.TODO(), &sts.GetCallerIdentityInput{})
	check(err)
	fmt.Println(*who.Arn)
}

func read(profile, path string) [2]string {
	c, err := config.LoadDefaultConfig(context.TODO(),
		config.WithSharedConfigProfile(profile), config.WithSharedConfigFiles([]string{path}), config.WithSharedCredentialsFiles(nil))
	if err != nil {
		return [2]string{err.Error(), ""}
	}
	keys, err := c.Credentials.Retrieve(context.TODO())
	if err != nil {
		return [2]string{c.Region, err.Error()}
	}
	return [2]string{c.Region, keys.AccessKeyID}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
