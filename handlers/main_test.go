package handlers_test

import (
	"testing"

	"callbackd/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
