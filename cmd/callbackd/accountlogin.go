package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/handlers"
	"callbackd/media"
	"callbackd/mpweb"
)

func newAccountLoginCommand(a *app) *cobra.Command {
	var browser mpweb.Browser
	c := &cobra.Command{
		Use:   "login SLUG",
		Short: "Log in to the operator pages by scanning a picture with a phone",
		Long: "用手机扫码登录公众平台后台。登录状态加密保存，重启后仍然有效。\n" +
			"Opens the login page in a browser without a window, shows where its QR picture is, and follows the scan.\n" +
			"The session is kept sealed and survives restarts.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				clients, err := newPlatformClients(i, nil)
				if err != nil {
					return err
				}
				err = clients.mpweb.LoginQR(c.Context(), account, browser, a.loginProgress)
				if errors.Is(err, mpweb.ErrOff) {
					return fmt.Errorf("%s has no operator pages: callbackd account set %s with mpweb", account.Slug, account.Slug)
				}
				if err != nil {
					return err
				}
				if err := i.db.WakeAccount(c.Context(), account); err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.stdout, "logged in to the operator pages of %s\n", account.Slug)
				return err
			})
		},
	}
	c.Flags().StringVar(&browser.ExecPath, "browser", "", "`program` of a Chromium (default: the system's)")
	c.Flags().StringVar(&browser.PictureDir, "picture-dir", "", "`folder` for the QR picture (default: the temporary folder)")
	c.Flags().DurationVar(&browser.Timeout, "timeout", 0, "`how long` to wait for the scan (default 15m)")
	return c
}

// pagesLogin is the same login for the desk: the picture is shown there.
func pagesLogin(clients *platformClients) handlers.PagesLogin {
	return func(ctx context.Context, account *callbackd.Account, told func(step string, picture []byte)) error {
		dir, err := os.MkdirTemp("", "callbackd-login-")
		if err != nil {
			return fmt.Errorf("make a folder for the picture: %w", err)
		}
		defer os.RemoveAll(dir)
		return clients.mpweb.LoginQR(ctx, account, mpweb.Browser{PictureDir: dir}, func(p mpweb.Progress) { told(string(p.Step), p.Picture) })
	}
}

// loginProgress tells each step of a login by QR; the picture is drawn in the
// terminal too, so that it can be scanned over SSH.
func (a *app) loginProgress(p mpweb.Progress) {
	switch p.Step {
	case mpweb.QRStepPicture:
		fmt.Fprintf(a.stderr, "请用手机微信扫描二维码 · scan this picture with WeChat: %s\n", p.PicturePath)
		if text, err := media.ReadQR(p.Picture); err == nil {
			if qr, err := qrcode.New(text, qrcode.Low); err == nil {
				fmt.Fprintln(a.stderr, qr.ToSmallString(false))
			}
		}
	case mpweb.QRStepScanned:
		fmt.Fprintln(a.stderr, "已扫描，请在手机上确认 · scanned: confirm on the phone")
	case mpweb.QRStepConfirmed:
		fmt.Fprintln(a.stderr, "已确认，正在登录 · confirmed, logging in")
	case mpweb.QRStepExpired:
		fmt.Fprintln(a.stderr, "二维码已过期，换一张 · the picture expired, a new one comes")
	}
}
