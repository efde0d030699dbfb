package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"callbackd"
)

func (d *Doctor) dataFolder(context.Context) Finding {
	f := Finding{Check: "data-dir", Level: OK, Text: "数据目录可写，他人不可读 · data folder is writable and private"}
	probe := filepath.Join(d.DataDir, ".doctor-"+string(callbackd.NewPublicID()))
	if err := os.WriteFile(probe, []byte("probe"), 0o600); err != nil {
		f.Level, f.Text = Fail, "数据目录不可写 · data folder cannot be written: "+err.Error()
		f.Fix = fmt.Sprintf("chown the folder to the user that runs callbackd, or give another with --data-dir (now %s)", d.DataDir)
		return f
	}
	_ = os.Remove(probe) // made just now; what is left would be one small hidden file
	info, err := os.Stat(d.DataDir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		f.Level, f.Text = Fail, fmt.Sprintf("数据目录他人可读 · others may look into the data folder (mode %o)", info.Mode().Perm())
		f.Fix = "chmod 700 " + d.DataDir
	}
	return f
}

func (d *Doctor) database(ctx context.Context) Finding {
	if err := d.DB.Ping(ctx); err != nil {
		return Finding{"database", Fail, "数据库没有回应 · the database does not answer: " + err.Error(), "start it, or correct --database"}
	}
	return Finding{Check: "database", Level: OK, Text: "数据库正常，版本最新 · the database answers and is up to date"}
}

func (d *Doctor) files(ctx context.Context) Finding {
	key := "doctor/" + string(callbackd.NewPublicID())
	_, err := d.Blobs.Put(ctx, key, strings.NewReader("probe"))
	if err == nil {
		err = d.Blobs.Delete(ctx, key)
	}
	if err != nil {
		return Finding{"blobs", Fail, "媒体文件无法保存 · media files cannot be stored: " + err.Error(), "free some space, or correct --blobs"}
	}
	return Finding{Check: "blobs", Level: OK, Text: "媒体文件可以保存 · media files can be stored"}
}

func (d *Doctor) ffmpeg(ctx context.Context) Finding {
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		path, err := exec.LookPath(name)
		if err == nil {
			err = exec.CommandContext(ctx, path, "-version").Run()
		}
		if err != nil {
			return Finding{"ffmpeg", Fail, "没有 " + name + "：语音只能用自带解码器播放，视频不能播放 · no " + name + ": voices play by the shipped decoder, videos do not",
				"apt-get install ffmpeg"}
		}
	}
	return Finding{Check: "ffmpeg", Level: OK, Text: "语音和视频可以转码 · voice and video can be transcoded"}
}

func (d *Doctor) publicURL(ctx context.Context) Finding {
	u := d.PublicURL
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		return Finding{"public-url", Fail, "平台只回调 80 和 443 端口，而地址是 · the platform calls ports 80 and 443 only, the address is " + u.String(),
			"put a reverse proxy in front (docs/operations.md) and set --public-url to its address"}
	}
	if isInside(u.Hostname()) {
		return Finding{"public-url", Fail, "公网地址只在本机或内网有效 · followers and the platform cannot reach an address of this machine or network: " + u.String(),
			"set --public-url to the address that the world knows"}
	}
	body, err := d.ask(ctx, u.JoinPath("healthz").String())
	if err != nil {
		return Finding{"public-url", Fail, "公网地址没有回应 · the public address does not answer: " + err.Error(),
			"start callbackd serve, and check DNS, certificate, proxy and firewall of " + u.Host}
	}
	if strings.TrimSpace(body) != "ok" {
		return Finding{"public-url", Fail, "公网地址后面不是 callbackd · something else answers at " + u.String(), "correct the proxy, or --public-url"}
	}
	return Finding{Check: "public-url", Level: OK, Text: "公网地址可达 · reachable at " + u.String()}
}

// isInside reports a host that nobody outside can reach.
func isInside(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// ask fetches one of our own addresses; a redirect counts as a failure, because
// the platform follows none.
func (d *Doctor) ask(ctx context.Context, address string) (string, error) {
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if d.HTTP != nil {
		client.Transport = d.HTTP.Transport
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("no answer from %s", req.URL.Host)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answer %s", resp.Status)
	}
	return string(body), nil
}
