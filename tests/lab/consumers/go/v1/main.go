// The AWS SDK for Go 1. Without an argument: who the credentials are, by STS. `v1 read FILE`: FILE is a JSON list of
// [profile, path of a config file]; prints for each the region, and the access key id that its credential_process gives.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sts"
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
	s := session.Must(session.NewSessionWithOptions(session.Options{SharedConfigState: session.SharedConfigEnable}))
	client := sts.New(s, &aws.Config{Endpoint: aws.String(os.Getenv("STS_URL")), Region: aws.String("eu-west-1")})
	who, err := client.GetCallerIdentity(&sts.GetCallerIdentityInput{})
	check(err)
	fmt.Println(*who.Arn)
}

func read(profile, path string) [2]string {
	s, err := session.NewSessionWithOptions(session.Options{
		Profile: profile, SharedConfigState: session.SharedConfigEnable, SharedConfigFiles: []string{path},
	})
	if err != nil {
		return [2]string{err.Error(), ""}
	}
	keys, err := s.Config.Credentials.Get()
	if err != nil {
		return [2]string{aws.StringValue(s.Config.Region), err.Error()}
	}
	return [2]string{aws.StringValue(s.Config.Region), keys.AccessKeyID}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
