package walltest

import (
	"callbackd"
)

func (a *API) send(Frame) {}

func (a *API) drop(callbackd.PublicID) {}
