package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// HashCost is what a password hash may cost, or what one does.
type HashCost struct {
	Time        time.Duration
	MemoryKiB   uint32
	Iterations  uint32 // of what was found
	Parallelism uint8
}

// Defaults of what a hash may cost, and what production asks of one at least.
const (
	calibrateTime        = 250 * time.Millisecond
	calibrateMemoryKiB   = 64 << 10 // RFC 9106, section 4, second recommendation
	calibrateParallelism = 1
	leastMemoryKiB       = 19456
	leastIterations      = 2
)

func hash(c Commands) *cobra.Command {
	var limit HashCost
	calibrate := &cobra.Command{Use: "calibrate", Short: "Propose Argon2id parameters for this machine, as variables to set", Args: cobra.NoArgs}
	calibrate.Flags().DurationVar(&limit.Time, "time", calibrateTime, "how long a hash may take")
	calibrate.Flags().Uint32Var(&limit.MemoryKiB, "memory", calibrateMemoryKiB, "KiB that a hash may use; KEYSTONE_HASH_CONCURRENCY of them at once")
	calibrate.Flags().Uint8Var(&limit.Parallelism, "parallelism", calibrateParallelism, "lanes of a hash")
	calibrate.RunE = func(cmd *cobra.Command, _ []string) error {
		found, err := c.HashCalibrate(cmd.Context(), limit)
		if err != nil {
			return err
		}
		// Beside the lines, so that they can go into a file as they are.
		if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "a hash takes %s here while nothing else runs\n", found.Time.Round(time.Millisecond)); err != nil {
			return err
		}
		if found.MemoryKiB < leastMemoryKiB || found.Iterations < leastIterations {
			if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "production refuses less than %d KiB and %d iterations: allow more --time or --memory\n", leastMemoryKiB, leastIterations); err != nil {
				return err
			}
		}
		return say(cmd, "KEYSTONE_ARGON2_MEMORY_KIB=%d\nKEYSTONE_ARGON2_ITERATIONS=%d\nKEYSTONE_ARGON2_PARALLELISM=%d", found.MemoryKiB, found.Iterations, found.Parallelism)
	}
	return group("hash", "Look after password hashes", calibrate)
}
