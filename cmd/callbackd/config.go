package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"callbackd"
)

// Config is every setting of the program, grouped by who needs it. docs/operations.md
// has the table for people; a test compares both.
type Config struct {
	HTTP     HTTPConfig
	Storage  StorageConfig
	WeChat   WeChatConfig
	Outbound OutboundConfig
	Notices  NoticesConfig
	Log      LogConfig
}

// HTTPConfig is where we listen and how we are reached.
type HTTPConfig struct {
	Listen         string         // host:port
	AdminListen    string         // host:port for metrics and profiling; empty: nowhere
	PublicURL      *url.URL       // how followers and viewers reach us; no final slash
	TrustedProxies []netip.Prefix // whose word about the client's address and about https counts
	TLS            TLSConfig
}

// StorageConfig is where things are kept.
type StorageConfig struct {
	DataDir       string
	Database      callbackd.Secret // sqlite:PATH or postgres://…; the latter may hold a password
	Blobs         string           // file:PATH
	SecretKeyFile string
	KeepRaw       time.Duration // raw callbacks and stored operator pages
}

// WeChatConfig is how we reach the platform. These URLs are the operator's own
// choice: the outbound guard lets them pass.
type WeChatConfig struct {
	APIURL    *url.URL
	MPURL     *url.URL
	OpenURL   *url.URL
	MPWebPace time.Duration // least time between two requests of one operator session
}

// OutboundConfig is what calls to URLs that come from outside may reach.
type OutboundConfig struct {
	Allow []netip.Prefix // private ranges that are allowed all the same
}

// LogConfig is how much is logged, and in which form.
type LogConfig struct {
	Level  slog.Level
	Format string // text or json
}

// setting is one row of the table: a flag, an environment variable and a key of
// the file, all of one name.
type setting struct {
	name  string
	value string // what it is when nobody says otherwise; empty: derived or none
	usage string // the word in backquotes is what --help calls the value
	set   func(c *Config, value string) error
}

// env is the environment variable of a setting.
func (s setting) env() string {
	return "CALLBACKD_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// settings is the table. Its order is that of --help and docs/operations.md.
func settings() []setting {
	table := []setting{
		{"listen", ":8080", "`address` that the server listens on",
			address(func(c *Config) *string { return &c.HTTP.Listen })},
		{"admin-listen", "127.0.0.1:8081", "`address` for metrics and profiling, or off", setAdminListen},
		{"public-url", "http://localhost:8080", "`URL` at which followers and viewers reach this server", setPublicURL},
		{"trusted-proxies", "", "`ranges` of proxies whose X-Forwarded-For and X-Forwarded-Proto count, comma-separated",
			ranges(func(c *Config) *[]netip.Prefix { return &c.HTTP.TrustedProxies })},
		{"data-dir", "./data", "`folder` of database, files and key",
			text(func(c *Config) *string { return &c.Storage.DataDir })},
		{"database", "", "`where` rows are kept: sqlite:PATH or postgres://… (default sqlite:<data-dir>/callbackd.db)", setDatabase},
		{"blobs", "", "`where` files are kept: file:PATH (default file:<data-dir>/blobs)", setBlobs},
		{"secret-key-file", "", "`file` of the key that seals secrets (default <data-dir>/secret.key)",
			text(func(c *Config) *string { return &c.Storage.SecretKeyFile })},
		{"wechat-api-url", "https://api.weixin.qq.com", "`URL` of the official API",
			baseURL(func(c *Config) **url.URL { return &c.WeChat.APIURL })},
		{"wechat-mp-url", "https://mp.weixin.qq.com", "`URL` of the operator pages",
			baseURL(func(c *Config) **url.URL { return &c.WeChat.MPURL })},
		{"wechat-open-url", "https://open.weixin.qq.com", "`URL` of web authorisation",
			baseURL(func(c *Config) **url.URL { return &c.WeChat.OpenURL })},
		{"mpweb-pace", "200ms", "least `time` between two requests of one operator session",
			duration(func(c *Config) *time.Duration { return &c.WeChat.MPWebPace })},
		{"outbound-allow", "", "private `ranges` that outbound calls may reach, comma-separated",
			ranges(func(c *Config) *[]netip.Prefix { return &c.Outbound.Allow })},
		{"keep-raw", "168h", "how `long` raw callbacks and stored operator pages are kept",
			duration(func(c *Config) *time.Duration { return &c.Storage.KeepRaw })},
	}
	table = append(table, tlsSettings()...)
	table = append(table, noticeSettings()...)
	return append(table, []setting{
		{"log-level", "info", "`level`: debug, info, warn or error", setLogLevel},
		{"log-format", "text", "`format`: text or json",
			oneOf(func(c *Config) *string { return &c.Log.Format }, "text", "json")},
	}...)
}

// configFlag names the file; it has no key in the file itself.
const (
	configFlag        = "config"
	configEnv         = "CALLBACKD_CONFIG"
	defaultConfigFile = "callbackd.yaml"
)

// settingFlags are the settings on the command line, before they are read.
type settingFlags struct {
	table []setting
	flags *pflag.FlagSet
}

// addSettings adds --config and one flag for each setting.
func addSettings(flags *pflag.FlagSet) *settingFlags {
	flags.SortFlags = false
	flags.String(configFlag, "", "`file` with settings (default callbackd.yaml, where there is one)")
	table := settings()
	for _, s := range table {
		flags.String(s.name, s.value, s.usage)
	}
	return &settingFlags{table: table, flags: flags}
}

// load reads every setting from its strongest source. Its errors name the
// source and are one line.
func (f *settingFlags) load(getenv func(string) string) (Config, error) {
	file, err := f.readFile(getenv)
	if err != nil {
		return Config{}, err
	}
	var c Config
	for _, s := range f.table {
		source, value := "--"+s.name, s.value
		if flag := f.flags.Lookup(s.name); flag.Changed {
			value = flag.Value.String()
		} else if v := getenv(s.env()); v != "" {
			source, value = s.env(), v
		} else if v, ok := file.values[s.name]; ok {
			source, value = file.name+": "+s.name, v
		} else if s.value == "" {
			continue // derived below, or none
		}
		if err := s.set(&c, value); err != nil {
			return Config{}, fmt.Errorf("%s: %w", source, err)
		}
	}
	c.derive()
	return c, nil
}

// given reports whether somebody chose a setting, by flag, environment or file.
func (f *settingFlags) given(name string, getenv func(string) string) bool {
	if f.flags.Lookup(name).Changed || getenv(setting{name: name}.env()) != "" {
		return true
	}
	file, err := f.readFile(getenv)
	_, ok := file.values[name]
	return err == nil && ok
}

// readFile reads the file that was named, else callbackd.yaml of the working
// folder where there is one.
func (f *settingFlags) readFile(getenv func(string) string) (settingFile, error) {
	path, _ := f.flags.GetString(configFlag)
	if path == "" {
		path = getenv(configEnv)
	}
	names := make(map[string]bool, len(f.table))
	for _, s := range f.table {
		names[s.name] = true
	}
	if path == "" {
		return readSettingFile(defaultConfigFile, names, mayBeMissing)
	}
	return readSettingFile(path, names, mustExist)
}

// derive fills what follows from other settings, most of it from the data folder.
func (c *Config) derive() {
	c.HTTP.TLS.derive()
	dir := c.Storage.DataDir
	if c.Storage.Database == "" {
		c.Storage.Database = callbackd.Secret("sqlite:" + filepath.Join(dir, "callbackd.db"))
	}
	if c.Storage.Blobs == "" {
		c.Storage.Blobs = "file:" + filepath.Join(dir, "blobs")
	}
	if c.Storage.SecretKeyFile == "" {
		c.Storage.SecretKeyFile = filepath.Join(dir, "secret.key")
	}
}

// moveTo puts everything that follows from the data folder into another one.
func (c *StorageConfig) moveTo(dir string) {
	moved := Config{Storage: StorageConfig{DataDir: dir, KeepRaw: c.KeepRaw}}
	moved.derive()
	*c = moved.Storage
}
