package cli

import (
	"time"

	"github.com/spf13/cobra"
)

func keys(c Commands) *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "Tell the signing keys and their states", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		ring, err := c.KeysList(cmd.Context())
		if err != nil {
			return err
		}
		for _, k := range ring {
			if err := say(cmd, "%s %s %s created %s%s%s%s", k.ID, k.Algorithm, k.State, k.CreatedAt.Format(time.RFC3339),
				since(" activated ", k.ActivatedAt), since(" retired ", k.RetiredAt), since(" expires ", k.ExpiresAt)); err != nil {
				return err
			}
		}
		return nil
	}}
	rotate := &cobra.Command{Use: "rotate", Short: "Let the next signing key sign from now on", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		active, err := c.KeysRotate(cmd.Context())
		if err != nil {
			return err
		}
		return say(cmd, "active: %s", active.ID)
	}}
	reseal := &cobra.Command{Use: "reseal", Short: "Seal what is kept with the current master key, so that the previous one can go", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		resealed, err := c.KeysReseal(cmd.Context())
		if err != nil {
			return err
		}
		return say(cmd, "resealed: %d", resealed)
	}}
	return group("keys", "Look after the signing keys", list, rotate, reseal)
}

func since(what string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return what + at.UTC().Format(time.RFC3339)
}
