package wall

import "callbackd/live"

// Screens is how the open pages of a wall stand to its stage.
type Screens struct {
	Painted int      `json:"painted"` // have painted it
	All     int      `json:"all"`
	Behind  []string `json:"behind"` // names of those that have not
}

// Painted says which screens have painted a wall's stage of a rev.
func Painted(screens []live.Screen, rev int64) Screens {
	out := Screens{All: len(screens), Behind: []string{}}
	for _, s := range screens {
		if s.Rev >= rev {
			out.Painted++
		} else {
			out.Behind = append(out.Behind, s.Name)
		}
	}
	return out
}
