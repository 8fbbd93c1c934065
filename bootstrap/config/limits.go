package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// defaultLimits are in force where nobody says otherwise.
const defaultLimits = "login_ip=30/1m,login_user=10/1m,register_ip=10/1h,recover_ip=10/1h,recover_address=5/1h," +
	"sms_user=5/1h,sms_number=5/24h,token_client=6000/1m,token_ip=600/1m,api_user=1200/1m"

const (
	maxLimit       = 1_000_000_000
	maxLimitWindow = 31 * 24 * time.Hour

	// allOff as the first entry switches off what is not named after it.
	allOff = "off"
)

// limits reads name=count/window entries over the defaults.
func limits(c *Config, s string) error {
	c.Limits = domain.Limits{}
	if err := addLimits(c.Limits, list(defaultLimits)); err != nil {
		return err
	}
	entries := list(s)
	if len(entries) > 0 && entries[0] == allOff {
		c.Limits, entries = domain.Limits{}, entries[1:]
	}
	return addLimits(c.Limits, entries)
}

func addLimits(to domain.Limits, entries []string) error {
	seen := map[domain.LimitName]bool{}
	for _, entry := range entries {
		limit, err := parseLimit(entry)
		if err != nil {
			return err
		}
		if seen[limit.Name] {
			return fmt.Errorf("names %s twice", limit.Name)
		}
		seen[limit.Name] = true
		to[limit.Name] = limit
	}
	return nil
}

func parseLimit(entry string) (domain.Limit, error) {
	name, value, _ := strings.Cut(entry, "=")
	limit := domain.Limit{Name: domain.LimitName(name)}
	if !slices.Contains(domain.LimitNames(), limit.Name) {
		return limit, errors.New("must be off, or entries such as login_ip=30/1m of the names " + limitNames())
	}
	if value == "0" {
		return limit, nil
	}
	count, window, _ := strings.Cut(value, "/")
	var err error
	limit.Count, err = strconv.Atoi(count)
	if err != nil || limit.Count < 1 || limit.Count > maxLimit {
		return limit, fmt.Errorf("must give %s as 0, or as a count from 1 to %d and a window, such as 30/1m", name, maxLimit)
	}
	limit.Window, err = time.ParseDuration(window)
	if err != nil || limit.Window < time.Second || limit.Window > maxLimitWindow || limit.Window%time.Second != 0 {
		return limit, fmt.Errorf("must give %s a window of whole seconds, from 1s to %s", name, maxLimitWindow)
	}
	return limit, nil
}

func limitNames() string {
	names := make([]string, 0, len(domain.LimitNames()))
	for _, name := range domain.LimitNames() {
		names = append(names, string(name))
	}
	return strings.Join(names, ", ")
}
