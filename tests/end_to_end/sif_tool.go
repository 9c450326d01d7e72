// Writes, signs and verifies SIF images by the format's reference implementation, for sif_test.py.
//
//	sif_tool new IMAGE SQUASHFS           an image with a definition and one primary partition for amd64
//	sif_tool sign IMAGE SECRET-KEYRING    every group of objects
//	sif_tool verify IMAGE PUBLIC-KEYRING  exits 1 if a group is not signed by it
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/sylabs/sif/v2/pkg/integrity"
	"github.com/sylabs/sif/v2/pkg/sif"
)

func create(path, squashfs string) error {
	content, err := os.Open(squashfs)
	if err != nil {
		return err
	}
	defer content.Close()
	definition, err := sif.NewDescriptorInput(sif.DataDeffile, strings.NewReader("bootstrap: scratch\n"))
	if err != nil {
		return err
	}
	partition, err := sif.NewDescriptorInput(sif.DataPartition, content, sif.OptObjectName("root"),
		sif.OptObjectAlignment(4096), sif.OptPartitionMetadata(sif.FsSquash, sif.PartPrimSys, "amd64"))
	if err != nil {
		return err
	}
	image, err := sif.CreateContainerAtPath(path, sif.OptCreateWithLaunchScript("#!/usr/bin/env run-singularity\n"),
		sif.OptCreateWithDescriptors(definition, partition))
	if err != nil {
		return err
	}
	return image.UnloadContainer()
}

func keys(path string) (openpgp.EntityList, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return openpgp.ReadKeyRing(file)
}

func sign(path, keyring string) error {
	entities, err := keys(keyring)
	if err != nil {
		return err
	}
	image, err := sif.LoadContainerFromPath(path)
	if err != nil {
		return err
	}
	signer, err := integrity.NewSigner(image, integrity.OptSignWithEntity(entities[0]))
	if err != nil {
		return err
	}
	if err := signer.Sign(); err != nil {
		return err
	}
	return image.UnloadContainer()
}

func verify(path, keyring string) error {
	entities, err := keys(keyring)
	if err != nil {
		return err
	}
	image, err := sif.LoadContainerFromPath(path, sif.OptLoadWithFlag(os.O_RDONLY))
	if err != nil {
		return err
	}
	verifier, err := integrity.NewVerifier(image, integrity.OptVerifyWithKeyRing(entities))
	if err != nil {
		return err
	}
	return verifier.Verify()
}

func main() {
	actions := map[string]func(string, string) error{"new": create, "sign": sign, "verify": verify}
	if len(os.Args) != 4 || actions[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "sif_tool new|sign|verify IMAGE FILE")
		os.Exit(2)
	}
	if err := actions[os.Args[1]](os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
