package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

func audit(c Commands) *cobra.Command {
	verify := &cobra.Command{Use: "verify", Short: "Hold the audit trail to its seals; fails where a sealed event was changed, removed or inserted", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		verdict, err := c.AuditVerify(cmd.Context())
		if err != nil {
			return err
		}
		for _, finding := range verdict.Findings {
			if err := say(cmd, "%s", finding); err != nil {
				return err
			}
		}
		// The log has the head of every seal as it was made: a chain that was
		// cut short ends in an earlier one.
		if err := say(cmd, "%d seals over %d events, head %d %x", verdict.Seals, verdict.Records, verdict.Head.Number, verdict.Head.MAC); err != nil {
			return err
		}
		if len(verdict.Findings) > 0 {
			return errors.New("the audit trail is not what was sealed")
		}
		return nil
	}}
	return group("audit", "Look after the audit trail", verify)
}
