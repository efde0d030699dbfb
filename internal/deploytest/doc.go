// Package deploytest tries what stands in deploy/: the reverse proxy
// configuration with a real nginx on the loopback (tag proxy, make proxy). It
// holds tests alone.
package deploytest
