package doctor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"callbackd"
	"callbackd/internal/disk"
)

func (d *Doctor) dataFolder(context.Context) Finding {
	probe := filepath.Join(d.DataDir, ".doctor-"+string(callbackd.NewPublicID()))
	if err := os.WriteFile(probe, []byte("probe"), 0o600); err != nil {
		return fail(say("数据目录不可写：%v", "data folder cannot be written: %v", err),
			say("把目录 %s 交给运行 callbackd 的用户（chown），或用 --data-dir 换一个", "chown %s to the user that runs callbackd, or give another folder with --data-dir", d.DataDir))
	}
	_ = os.Remove(probe) // made just now; what is left would be one small hidden file
	info, err := os.Stat(d.DataDir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return fail(say("数据目录他人可读（mode %o）", "others may look into the data folder (mode %o)", info.Mode().Perm()),
			say("chmod 700 %s", "chmod 700 %s", d.DataDir))
	}
	return ok(say("数据目录可写，他人不可读", "data folder is writable and private"))
}

func (d *Doctor) database(ctx context.Context) Finding {
	if err := d.DB.Ping(ctx); err != nil {
		return fail(say("数据库没有回应：%v", "the database does not answer: %v", err), say("启动数据库，或更正 --database", "start it, or correct --database"))
	}
	return ok(say("数据库正常，版本最新", "the database answers and is up to date"))
}

func (d *Doctor) files(ctx context.Context) Finding {
	key := "doctor/" + string(callbackd.NewPublicID())
	_, err := d.Blobs.Put(ctx, key, strings.NewReader("probe"))
	if err == nil {
		err = d.Blobs.Delete(ctx, key)
	}
	if err != nil {
		return fail(say("媒体文件无法保存：%v", "media files cannot be stored: %v", err), say("腾出空间，或更正 --blobs", "free some space, or correct --blobs"))
	}
	return ok(say("媒体文件可以保存", "media files can be stored"))
}

func (d *Doctor) ffmpeg(ctx context.Context) Finding {
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		path, err := exec.LookPath(name)
		if err == nil {
			err = exec.CommandContext(ctx, path, "-version").Run()
		}
		if err != nil {
			return fail(say("没有 %s：语音只能用自带解码器播放，视频不能播放", "no %s: voices play by the shipped decoder, videos do not", name),
				say("apt-get install ffmpeg", "apt-get install ffmpeg"))
		}
	}
	return ok(say("语音和视频可以转码", "voice and video can be transcoded"))
}

// leastFree is the free share of the disk, in per cent, below which an evening
// of pictures and videos may fill it.
const leastFree = 10

func (d *Doctor) disk(context.Context) Finding {
	of := d.Disk
	if of == nil {
		of = disk.Of
	}
	u, err := of(d.DataDir)
	fix := say("删除不需要的文件，或把 --data-dir 换到更大的磁盘", "remove what is not needed, or move --data-dir to a larger disk")
	if err != nil {
		return off(say("磁盘空间读不到：%v", "free space is not known: %v", err), say("自己看一下磁盘空间（df -h）", "look at it yourself: df -h"))
	}
	free := fmt.Sprintf("%.1f GB", float64(u.Free)/1e9)
	if u.Percent() < leastFree {
		return fail(say("磁盘快满了：还剩 %s（%d%%）", "the disk is nearly full: %s (%d%%) left", free, u.Percent()), fix)
	}
	return ok(say("磁盘还剩 %s（%d%%）", "%s (%d%%) of the disk are free", free, u.Percent()))
}
