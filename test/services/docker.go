package services

import (
	"context"
	"fmt"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// image is a container that offers a service.
type image struct {
	repository, tag string
	port            string // as Docker names it
	env, command    []string
	url             string // with %s for host and port
}

// containerLife bounds a container whose test binary was killed.
const containerLife = 15 * time.Minute

// container starts a container, or fails with ErrAbsent where no Docker engine
// answers within a second.
func (s service) container() (string, error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return "", fmt.Errorf("docker: %w", ErrAbsent)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if pool.Client.PingWithContext(ctx) != nil {
		return "", fmt.Errorf("docker: %w", ErrAbsent)
	}
	c, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository: s.image.repository, Tag: s.image.tag, Env: s.image.env, Cmd: s.image.command, ExposedPorts: []string{s.image.port},
	}, func(host *docker.HostConfig) { host.AutoRemove = true })
	if err != nil {
		return "", fmt.Errorf("docker: starting %s:%s: %w", s.image.repository, s.image.tag, err)
	}
	stopAtEnd(func() {
		if err := pool.Purge(c); err != nil {
			fmt.Printf("docker: %s was not removed: %v\n", c.Container.Name, err)
		}
	})
	if err := c.Expire(uint(containerLife / time.Second)); err != nil {
		return "", fmt.Errorf("docker: %w", err)
	}
	url := fmt.Sprintf(s.image.url, c.GetHostPort(s.image.port))
	if err := s.await(url, time.Minute); err != nil {
		return "", fmt.Errorf("docker: %s:%s does not answer: %w", s.image.repository, s.image.tag, err)
	}
	return url, nil
}
