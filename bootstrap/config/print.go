package config

// derived is what follows from other values where nobody says otherwise.
func (c *Config) derived() map[string]string {
	format := c.Log.Format
	if format == "" {
		format = "json" // but for a terminal, which is not what a service writes to
	}
	return map[string]string{"MAIL_DIR": c.Delivery.MailDir, "MAIL_FROM": c.Delivery.From, "LINK_BASE_URL": c.Delivery.LinkBase, "LOG_FORMAT": format}
}

// Print gives the configuration as KEYSTONE_NAME=value lines, secrets redacted.
func (c *Config) Print() []string {
	var lines []string
	derived := c.derived()
	for _, v := range variables() {
		value := v.fallback
		if effective, follows := derived[v.name]; follows {
			value = effective
		}
		if g, set := c.given[v.name]; set {
			value = g.text
			if v.secret {
				value = "[redacted]"
			}
		}
		lines = append(lines, prefix+v.name+"="+value)
	}
	return lines
}
