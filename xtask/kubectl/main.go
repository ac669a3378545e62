// The main package of kubectl: the same few lines as `k8s.io/kubernetes/cmd/kubectl`, whose own
// module has `replace` lines that neither `go install` nor a module that requires it accepts.
package main

import (
	"os"

	// Client authentication plug-ins register themselves.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
