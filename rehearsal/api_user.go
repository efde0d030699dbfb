package rehearsal

import (
	"net/http"
	"sort"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// userInfo is user/info of a follower, in the order of the live answer.
type userInfo struct {
	Subscribe int              `json:"subscribe"`
	OpenID    callbackd.OpenID `json:"openid"`

	*userDetails
}

type userDetails struct {
	Nickname   string `json:"nickname"`
	Sex        int    `json:"sex"`
	Language   string `json:"language"`
	City       string `json:"city"`
	Province   string `json:"province"`
	Country    string `json:"country"`
	HeadImgURL string `json:"headimgurl"`
	Time       int64  `json:"subscribe_time"`
	Remark     string `json:"remark"`
	GroupID    int    `json:"groupid"`
	Tags       []int  `json:"tagid_list"`
	Scene      string `json:"subscribe_scene"`
	QRScene    int    `json:"qr_scene"`
	QRSceneStr string `json:"qr_scene_str"`
}

// info renders a contact: empty profile since 2021-12-27, the full one before
// (APIConfig.OldProfiles), two fields for who does not follow.
func (c *call) info(k Contact) userInfo {
	if !k.Following {
		return userInfo{OpenID: k.OpenID}
	}
	d := &userDetails{Language: "zh_CN", Time: k.FollowedAt.Unix(), Tags: []int{}, Scene: "ADD_SCENE_QR_CODE"}
	if c.a.Config.API.OldProfiles {
		d.Nickname, d.Sex = k.Profile.Nickname, int(k.Profile.Gender)
		d.City, d.Province, d.Country = k.Profile.City, k.Profile.Province, k.Profile.Country
		d.HeadImgURL = c.p.headImgURL(k.Follower)
	}
	return userInfo{Subscribe: 1, OpenID: k.OpenID, userDetails: d}
}

// headImgURL is the address of a person's picture; "" without one. Always http.
func (p *Platform) headImgURL(f Follower) string {
	if f.Avatar == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.baseLocked("http://wx.qlogo.cn") + "/mmopen/" + f.AvatarTag + "/0"
}

func getUserInfo(c *call) {
	if c.refuseUnverified() {
		return
	}
	k, ok := c.a.ContactByOpenID(callbackd.OpenID(c.r.FormValue("openid")))
	if !ok {
		c.fail(40003, errorText(40003, ""))
		return
	}
	c.answer(c.info(k))
}

func postUserInfos(c *call) {
	var q struct {
		List []struct {
			OpenID callbackd.OpenID `json:"openid"`
		} `json:"user_list"`
	}
	if c.refuseUnverified() || !c.decode(&q) {
		return
	}
	if len(q.List) == 0 || len(q.List) > 100 {
		c.fail(47001, errorText(47001, ""))
		return
	}
	out := []userInfo{}
	for _, u := range q.List {
		k, ok := c.a.ContactByOpenID(u.OpenID)
		if !ok {
			c.fail(40003, errorText(40003, ""))
			return
		}
		out = append(out, c.info(k))
	}
	c.answer(map[string]any{"user_info_list": out})
}

// followersPerPage is how many openIDs user/get gives at once.
const followersPerPage = 10_000

// getFollowers pages through the followers, in an order of its own: by openID.
func getFollowers(c *call) {
	if c.refuseUnverified() {
		return
	}
	list := c.a.Contacts()
	sort.Slice(list, func(i, j int) bool { return list[i].OpenID < list[j].OpenID })
	next := callbackd.OpenID(c.r.FormValue("next_openid"))
	from := sort.Search(len(list), func(i int) bool { return list[i].OpenID > next })
	page := list[from:min(from+followersPerPage, len(list))]
	out := map[string]any{"total": len(list), "count": len(page), "next_openid": ""}
	if len(page) > 0 {
		ids := make([]callbackd.OpenID, len(page))
		for i, k := range page {
			ids[i] = k.OpenID
		}
		out["data"] = map[string]any{"openid": ids}
		out["next_openid"] = ids[len(ids)-1]
	}
	c.answer(out)
}

// showAvatar serves a headimgurl; an address from before a change is dead.
func (p *Platform) showAvatar(w http.ResponseWriter, r *http.Request) {
	p.count(nil, "/mmopen")
	tag := chi.URLParam(r, "tag")
	p.mu.Lock()
	var picture []byte
	for _, f := range p.people {
		if f.Avatar != nil && f.AvatarTag == tag {
			picture = f.Avatar
			break
		}
	}
	p.mu.Unlock()
	if picture == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(picture)
}
