package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
)

// vendors are the notification servers of a running server.
type vendors struct {
	notify.Vendors
	webPush *push.VAPID // browsers subscribe for its public key
}

// webPushKey is the name under which the installation keeps its Web Push key.
// Subscriptions are made for it: it is made at the first start and stays.
const webPushKey = "web-push"

// phoneVendors open those that need settings; nil where they are not set up.
var phoneVendors = map[callbackd.Provider]func(NoticesConfig) (push.Sender, error){
	callbackd.ProviderAPNs: openAPNs, callbackd.ProviderFCM: openFCM,
}

// checkVendors says which vendors are set up, and what is wrong with their settings.
func checkVendors(c NoticesConfig) map[callbackd.Provider]error {
	found := map[callbackd.Provider]error{callbackd.ProviderWebPush: nil}
	for provider, open := range phoneVendors {
		sender, err := open(c)
		if sender != nil {
			sender.Close()
		}
		if sender != nil || err != nil {
			found[provider] = err
		}
	}
	return found
}

// newVendors makes the senders that the settings ask for: Web Push always, APNs
// and FCM where they are set up. Endpoints come from outside: Web Push reaches the
// browsers' own services at public addresses and in the ranges of
// --outbound-allow, and the hosts of --webpush-hosts wherever they are. The URLs of
// APNs and FCM are the operator's own choice.
func newVendors(ctx context.Context, inst *installation) (*vendors, error) {
	v := &vendors{Vendors: notify.Vendors{Senders: map[callbackd.Provider]push.Sender{}, Hosts: inst.cfg.Notices.WebPush.Hosts}}
	var err error
	if v.webPush, err = loadVAPID(ctx, inst); err != nil {
		return nil, err
	}
	settings := inst.cfg.webPush(v.webPush)
	if settings.Subject == "" {
		inst.log.Info("push services are not told who runs this server, and some refuse that: set --webpush-subject, or an https --public-url")
	}
	web, err := push.NewWebPush(settings)
	if err != nil {
		return nil, fmt.Errorf("web push: %w", err)
	}
	v.Senders[callbackd.ProviderWebPush] = web
	for provider, open := range phoneVendors {
		sender, err := open(inst.cfg.Notices)
		if err != nil {
			v.close()
			return nil, &usageError{err}
		}
		if sender != nil {
			v.Senders[provider] = sender
		}
	}
	return v, nil
}

// close lets go of connections; nothing is sent after it.
func (v *vendors) close() {
	for _, s := range v.Senders {
		s.Close()
	}
}

// webPush is what Web Push needs of the settings. Push services are told of nobody
// where the operator gave no address and the public URL is none that they take: an
// address is never made up.
func (c *Config) webPush(key *push.VAPID) push.WebPushConfig {
	out := push.WebPushConfig{Key: key, Subject: c.Notices.WebPush.Subject, Hosts: c.Notices.WebPush.Hosts, Allow: c.Outbound.Allow}
	if out.Subject == "" && c.HTTP.PublicURL.Scheme == "https" {
		out.Subject = c.HTTP.PublicURL.String()
	}
	return out
}

// loadVAPID opens the installation's Web Push key, made when there is none.
func loadVAPID(ctx context.Context, inst *installation) (*push.VAPID, error) {
	private, err := inst.db.GetOrCreateKey(ctx, webPushKey, func() ([]byte, error) {
		key, err := push.GenerateVAPID()
		if err != nil {
			return nil, err
		}
		return key.Marshal()
	})
	if err != nil {
		return nil, fmt.Errorf("web push key: %w", err)
	}
	return push.ParseVAPID(private)
}

// openAPNs makes the sender to Apple's devices; nil where it is not set up.
func openAPNs(c NoticesConfig) (push.Sender, error) {
	var given, missing []string
	for _, s := range []struct{ flag, value string }{
		{"--apns-key-file", c.APNs.KeyFile}, {"--apns-key-id", c.APNs.KeyID}, {"--apns-team", c.APNs.Team}, {"--apns-topic", c.APNs.Topic}} {
		if s.value == "" {
			missing = append(missing, s.flag)
		} else {
			given = append(given, s.flag)
		}
	}
	switch {
	case len(given) == 0:
		return nil, nil
	case len(missing) > 0:
		return nil, fmt.Errorf("%s without %s: notices reach Apple's devices with all four of --apns-key-file, --apns-key-id, --apns-team and --apns-topic",
			strings.Join(given, ", "), strings.Join(missing, ", "))
	}
	key, err := readVendorFile("--apns-key-file", c.APNs.KeyFile)
	if err != nil {
		return nil, err
	}
	sender, err := push.NewAPNs(push.APNsConfig{Key: key, KeyID: c.APNs.KeyID, Team: c.APNs.Team, Topic: c.APNs.Topic, URL: c.APNs.URL.String()})
	if err != nil {
		return nil, fmt.Errorf("APNs: %w; check that --apns-key-file is the .p8 file that Apple gave out, and --apns-key-id, --apns-team and --apns-topic", err)
	}
	return sender, nil
}

// openFCM makes the sender to Android devices; nil where it is not set up.
func openFCM(c NoticesConfig) (push.Sender, error) {
	if c.FCM.CredentialsFile == "" {
		return nil, nil
	}
	credentials, err := readVendorFile("--fcm-credentials-file", c.FCM.CredentialsFile)
	if err != nil {
		return nil, err
	}
	sender, err := push.NewFCM(push.FCMConfig{Credentials: credentials, URL: c.FCM.URL.String()})
	if err != nil {
		return nil, fmt.Errorf("--fcm-credentials-file: %w; give the JSON key of a service account, as the Firebase console makes it", err)
	}
	return sender, nil
}

// maxVendorFile bounds a key file, in bytes.
const maxVendorFile = 1 << 20

func readVendorFile(flag, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxVendorFile) {
		err = fmt.Errorf("%s is no file of a key", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; name a file that callbackd's user may read", flag, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; name a file that callbackd's user may read", flag, err)
	}
	return content, nil
}
