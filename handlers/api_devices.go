package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/wechat"
)

// maxDeviceName is how many characters a device's name may have.
const maxDeviceName = 64

// newDevice is a device as it registers.
type newDevice struct {
	Class        callbackd.Class    `json:"class"`
	Provider     callbackd.Provider `json:"provider"`
	Subscription json.RawMessage    `json:"subscription"` // of webpush, as PushSubscription.toJSON gives it
	Token        string             `json:"token"`        // of apns and fcm
	Name         string             `json:"name"`
}

func deviceID(r *http.Request) callbackd.PublicID {
	return callbackd.PublicID(chi.URLParam(r, "id"))
}

// showPushKey is the key that browsers subscribe with.
func (h *Handlers) showPushKey(w http.ResponseWriter, _ *http.Request) error {
	if h.PushKey == "" {
		return refuse(callbackd.ErrNotFound, "这台服务器没有 Web Push", "this server has no Web Push")
	}
	writeJSON(w, http.StatusOK, struct {
		Key string `json:"key"`
	}{h.PushKey})
	return nil
}

// doDevice registers a device of the caller's follower.
func (h *Handlers) doDevice(w http.ResponseWriter, r *http.Request, c caller) error {
	var in newDevice
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	row, err := h.parseDevice(in)
	if err != nil {
		return err
	}
	row.Viewer = c.Viewer
	device, replaced, err := h.DB.InsertDevice(r.Context(), row)
	var public *callbackd.PublicError
	if errors.Is(err, callbackd.ErrConflict) && errors.As(err, &public) {
		return refuse(callbackd.ErrConflict, fmt.Sprintf("登记不了：要么这里还没有绑定，要么这个推送地址属于别人的设备（请重新订阅），要么设备已满 %d 台（先删一台）", store.MaxDevices), public.Plain())
	}
	if err != nil {
		return fmt.Errorf("register device: %w", err)
	}
	for _, old := range replaced {
		h.Live.DropDevice(old.PublicID)
		h.Notices.Changed(r.Context(), old.Sender)
	}
	h.Notices.Changed(r.Context(), c.Sender)
	writeJSON(w, http.StatusCreated, struct {
		Device callbackd.PublicID `json:"device"`
	}{device.PublicID})
	return nil
}

// parseDevice checks what a device says of itself.
func (h *Handlers) parseDevice(in newDevice) (store.NewDevice, error) {
	row := store.NewDevice{Class: in.Class, Provider: in.Provider, Name: deviceName(in)}
	if in.Class != callbackd.ClassComputer && in.Class != callbackd.ClassPhone {
		return row, refuse(callbackd.ErrInvalid, "class 是 computer 或 phone", "class is computer or phone")
	}
	if utf8.RuneCountInString(row.Name) > maxDeviceName {
		return row, refuse(callbackd.ErrInvalid, fmt.Sprintf("name 最多 %d 个字", maxDeviceName), fmt.Sprintf("name has at most %d characters", maxDeviceName))
	}
	switch in.Provider {
	case "":
		return row, nil
	case callbackd.ProviderWebPush:
		err := h.parseSubscription(in, &row)
		return row, err
	case callbackd.ProviderAPNs:
		token, err := push.ParseAPNsToken(in.Token)
		return withToken(row, token.Value(), err)
	case callbackd.ProviderFCM:
		token, err := push.ParseFCMToken(in.Token)
		return withToken(row, token.Value(), err)
	}
	return row, refuse(callbackd.ErrInvalid, "provider 是 webpush、apns 或 fcm；没有推送服务的设备不写", "provider is webpush, apns or fcm; a device without any leaves it out")
}

// deviceName is what the follower calls the device, or the class where they do not.
func deviceName(in newDevice) string {
	if name := strings.Join(strings.Fields(wechat.Clean(in.Name)), " "); name != "" {
		return name
	}
	return string(in.Class)
}

func (h *Handlers) parseSubscription(in newDevice, row *store.NewDevice) error {
	sub, err := h.PushHosts.ParseSubscription(in.Subscription)
	if err != nil {
		return refuse(callbackd.ErrInvalid, "subscription 要原样给出 PushSubscription.toJSON()，推送地址须是已知推送服务的 https 地址（其他主机由运营者用 --webpush-hosts 允许）",
			"subscription is PushSubscription.toJSON() as it came, at a known push service by https (the operator allows other hosts by --webpush-hosts)")
	}
	type keys struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	}
	target, err := json.Marshal(struct {
		Endpoint string `json:"endpoint"`
		Keys     keys   `json:"keys"`
	}{sub.Endpoint(), keys{sub.P256dh(), sub.Auth()}})
	if err != nil {
		return fmt.Errorf("write subscription: %w", err)
	}
	row.Target = callbackd.Secret(target)
	row.TargetKey = digestOf(string(in.Provider), sub.Endpoint())
	row.Proof = digestOf(sub.P256dh(), sub.Auth())
	return nil
}

func withToken(row store.NewDevice, token string, err error) (store.NewDevice, error) {
	if err != nil {
		return row, refuse(callbackd.ErrInvalid, "token 要原样给出系统发的设备令牌", "token is the device token as the system gave it")
	}
	row.Target, row.TargetKey = callbackd.Secret(token), digestOf(string(row.Provider), token)
	return row, nil
}

// digestOf is a SHA-256 over two texts that cannot run into each other: neither
// holds a zero byte.
func digestOf(a, b string) []byte {
	sum := sha256.Sum256([]byte(a + "\x00" + b))
	return sum[:]
}

// publicDevice is a device as its follower sees it.
type publicDevice struct {
	Device       callbackd.PublicID `json:"device"`
	Class        callbackd.Class    `json:"class"`
	Provider     callbackd.Provider `json:"provider,omitempty"`
	Name         string             `json:"name"`
	RegisteredAt string             `json:"registered_at"`
	SeenAt       string             `json:"seen_at"`
	Here         bool               `json:"here"` // it lives in the browser or app that asks
	Up           bool               `json:"up"`   // its live channel is listened to
}

func (h *Handlers) showDevices(w http.ResponseWriter, r *http.Request, c caller) error {
	all, err := h.DB.ListDevices(r.Context(), c.Sender)
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	up := h.listening(all)
	devices := []publicDevice{}
	for i, d := range all {
		devices = append(devices, publicDevice{Device: d.PublicID, Class: d.Class, Provider: d.Provider, Name: d.Name,
			RegisteredAt: d.RegisteredAt.UTC().Format(time.RFC3339), SeenAt: d.SeenAt.UTC().Format(time.RFC3339),
			Here: d.Viewer == c.ID, Up: up[i]})
	}
	writeJSON(w, http.StatusOK, struct {
		Devices []publicDevice `json:"devices"`
	}{devices})
	return nil
}

// listening tells of each device whether its live channel is listened to.
func (h *Handlers) listening(devices []callbackd.Device) []bool {
	up := make([]bool, len(devices))
	if h.Presence == nil {
		return up
	}
	ids := make([]callbackd.DeviceID, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	for i, seen := range h.Presence.Get(ids) {
		up[i] = seen.Up
	}
	return up
}

func (h *Handlers) doDeleteDevice(w http.ResponseWriter, r *http.Request, c caller) error {
	d, err := h.DB.DeleteDevice(r.Context(), c.Sender, deviceID(r))
	if err != nil {
		return err
	}
	h.Live.DropDevice(d.PublicID)
	h.Notices.Changed(r.Context(), c.Sender)
	writeNothing(w)
	return nil
}

// doTestDevice sends a notice to one device that says that it is a test.
func (h *Handlers) doTestDevice(w http.ResponseWriter, r *http.Request, c caller) error {
	nid, err := h.Notices.Test(r.Context(), c.Viewer, deviceID(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, struct {
		Notice callbackd.NoticeID `json:"nid"`
	}{nid})
	return nil
}

// doDeviceState takes what a device says of who sits at it.
func (h *Handlers) doDeviceState(w http.ResponseWriter, r *http.Request, c caller) error {
	var st callbackd.DeviceState
	if err := readJSON(w, r, &st); err != nil {
		return err
	}
	oneOf := func(value string, known ...string) bool { return value == "" || slices.Contains(known, value) }
	if !oneOf(st.Screen, "on", "locked") || !oneOf(st.Client, "open", "locked") || !oneOf(st.User, "active", "idle") || st.InputAgeMS < 0 || st.HiddenMS < 0 {
		return refuse(callbackd.ErrInvalid, "screen 是 on 或 locked，client 是 open 或 locked，user 是 active 或 idle，时长不小于 0",
			"screen is on or locked, client is open or locked, user is active or idle, and no time is below 0")
	}
	if err := h.Notices.Report(r.Context(), c.Viewer, deviceID(r), st); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}
