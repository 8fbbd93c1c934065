package contract

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// limiterCases start from a limit of 10 a minute and nothing counted.
var limiterCases = map[string]func(c *limiting){
	"the count is admitted, the rest is refused and not counted": func(c *limiting) {
		c.fill(10)
		for range 50 {
			c.wantRefused(c.a)
			c.wantRefused(c.b)
		}
		c.pass(61 * time.Second)
		c.fill(10)
		c.wantRefused(c.a)
	},
	"there is no second burst at any border": func(c *limiting) {
		for range 10 {
			c.fill(10)
			c.pass(59 * time.Second)
			c.wantRefused(c.b)
			c.pass(2*time.Second + 100*time.Millisecond)
		}
	},
	"the time that is told is the first at which one is admitted": func(c *limiting) {
		for range 10 {
			c.wantAdmitted(c.a)
			c.pass(2*time.Second + 313*time.Millisecond)
		}
		for range 30 {
			wait := c.wantRefused(c.b)
			c.pass(wait - time.Millisecond)
			c.wantRefused(c.a)
			c.pass(time.Millisecond)
			c.wantAdmitted(c.b)
			c.pass(137 * time.Millisecond)
		}
	},
	"keys, limits and windows are apart": func(c *limiting) {
		c.fill(10)
		mine := *c
		for _, change := range []func(){
			func() { c.key = "another" },
			func() { c.limit.Name = domain.LimitLoginUser },
			func() { c.limit.Window = time.Hour },
		} {
			change()
			c.fill(10)
			c.wantRefused(c.a)
		}
		mine.wantRefused(c.b)
	},
	"a changed count judges what was counted": func(c *limiting) {
		c.fill(10)
		c.limit.Count = 12
		c.fill(2)
		c.wantRefused(c.a)
		c.limit.Count = 5
		c.wantRefused(c.a)
		c.limit.Count = 2000
		c.wantAdmitted(c.a)
	},
	"a limit that is off admits everything": func(c *limiting) {
		c.limit.Count = 0
		for _, r := range c.fill(100) {
			ok(c, r.GiveBack(within(c)))
		}
		ok(c, c.a.Peek(c.limit, c.key))
	},
	"what is given back is free, once": func(c *limiting) {
		taken := c.fill(10)
		for range 3 {
			ok(c, taken[0].GiveBack(within(c)))
		}
		c.wantAdmitted(c.b)
		c.wantRefused(c.a)
	},
	"what is given back after its time frees nothing": func(c *limiting) {
		taken := c.fill(10)
		c.pass(62 * time.Second)
		c.fill(10)
		for _, r := range taken {
			ok(c, r.GiveBack(within(c)))
		}
		c.wantRefused(c.a)
	},
	"what is given back later in the window frees its own place": func(c *limiting) {
		first := c.wantAdmitted(c.a)
		c.pass(30 * time.Second)
		c.fill(9)
		c.wantRefused(c.a)
		ok(c, first.GiveBack(within(c)))
		c.fill(1)
		c.wantRefused(c.b)
	},
	"a peek counts nothing and knows of what was refused here": func(c *limiting) {
		for range 20 {
			ok(c, c.a.Peek(c.limit, c.key))
		}
		taken := c.fill(10)
		wait := c.wantRefused(c.a)
		if told := c.refusal(c.a.Peek(c.limit, c.key)); told != wait {
			c.Errorf("peeked %v, was told %v", told, wait)
		}
		ok(c, c.a.Peek(c.limit, "another"))
		ok(c, taken[0].GiveBack(within(c))) // the first was the first endpoint's
		ok(c, c.a.Peek(c.limit, c.key))
		c.wantAdmitted(c.a)
		c.pass(c.wantRefused(c.a))
		ok(c, c.a.Peek(c.limit, c.key))
	},
	"a clock that is behind counts for the others too": func(c *limiting) {
		c.fill(5)
		c.pass(-3 * time.Second)
		c.fill(5)
		c.wantRefused(c.a)
		c.pass(3 * time.Second)
		c.wantRefused(c.b)
	},
	"an ended context is an error": func(c *limiting) {
		_, err := c.a.Reserve(ended(c), c.limit, c.key)
		wantStopped(c, "Reserve", err)
	},
}
