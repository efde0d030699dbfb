package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the platform gives either
	_ "image/png"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/store"
	"callbackd/wechat"
)

const (
	joinCodeLife  = 30 * 24 * time.Hour // the longest that the platform gives
	joinCodeRenew = 3 * 24 * time.Hour  // before the end
	joinScene     = "wall"
	joinRetry     = 10 * time.Minute

	sourceAPI, sourceMPWeb = "api", "mpweb" // of a store.JoinCode
)

// JoinQR makes or renews what an account's join QR says: a scene code of the
// official API where the account may make one, else, without a join_url, the
// account's own code as the operator pages show it, decoded. It sets itself for
// the next time; the key is the account.
func (w *Worker) JoinQR(ctx context.Context, j callbackd.Job) error {
	a, err := w.DB.GetAccountByID(ctx, j.Account)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	code, err := w.joinCode(ctx, a)
	var human *mpweb.NeedsHumanError
	var quiet *mpweb.FrequencyError
	switch {
	case errors.Is(err, errPassedOver):
		return w.forgetJoinCode(ctx, a)
	case errors.As(err, &quiet):
		return callbackd.Snooze(max(quiet.After, time.Second), "the operator pages ask for quiet")
	case errors.As(err, &human):
		return callbackd.Snooze(joinRetry, "the operator login needs a human")
	case err != nil:
		return err
	}
	if err := w.DB.SetJoinCode(ctx, a.ID, code); err != nil {
		return err
	}
	if code.ExpiresAt.IsZero() {
		return nil
	}
	return callbackd.Snooze(renewAfter(code.ExpiresAt.Sub(w.DB.Now())), "until it must be renewed")
}

// renewAfter is when a code that lives for life is renewed: three days before
// its end, of a short one when half of it has passed.
func renewAfter(life time.Duration) time.Duration {
	return max(life-joinCodeRenew, life/2, time.Minute)
}

// forgetJoinCode drops a code that no setting of the account stands for any
// more. A scene code stays until its end while the account has the API: that a
// new one is refused now says nothing about it.
func (w *Worker) forgetJoinCode(ctx context.Context, a *callbackd.Account) error {
	code, err := w.DB.GetJoinCode(ctx, a.ID)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read join code: %w", err)
	}
	if code.Source == sourceAPI && a.HasAPI() {
		return nil
	}
	return w.DB.DeleteJoinCode(ctx, a.ID)
}

func (w *Worker) joinCode(ctx context.Context, a *callbackd.Account) (store.JoinCode, error) {
	if a.HasAPI() {
		qr, err := w.WeChat.CreateQR(ctx, a, joinScene, joinCodeLife)
		if err == nil {
			return store.JoinCode{URL: qr.URL, Source: sourceAPI, ExpiresAt: qr.ExpiresAt}, nil
		}
		if !wechat.IsNoPermission(err) {
			return store.JoinCode{}, fmt.Errorf("make scene code: %w", err)
		}
	}
	if a.JoinURL != "" || a.MPWeb == nil {
		return store.JoinCode{}, errPassedOver
	}
	picture, err := w.MPWeb.JoinQR(ctx, a)
	if err != nil {
		return store.JoinCode{}, fmt.Errorf("read the account's code: %w", err)
	}
	text, err := ReadQR(picture)
	if err != nil {
		return store.JoinCode{}, err
	}
	return store.JoinCode{URL: text, Source: sourceMPWeb}, nil
}

// ReadQR reads what a picture of a QR code says. The picture is small by
// mpweb's limit; its pixels are checked before they are decoded.
func ReadQR(picture []byte) (string, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || cfg.Width*cfg.Height > 4_000_000 {
		return "", errors.New("the account's code is no picture that can be read")
	}
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", errors.New("the account's code is no picture that can be read")
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", fmt.Errorf("read the account's code: %w", err)
	}
	// The reader's search for a code in a photo loses about one clean picture in
	// fifteen; reading the whole picture as a code takes those, and no photo.
	for _, how := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{how: true})
		if err == nil {
			return result.GetText(), nil
		}
	}
	return "", errors.New("no QR code is seen on the account's picture")
}
