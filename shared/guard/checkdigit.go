package guard

// Check digits, each after its register's own rule.

func (r *run) value(n int) (x int64) {
	for _, d := range r.digits[:n] {
		x = x*10 + int64(d)
	}
	return x
}

func (r *run) weigh(weights ...int) (sum int) {
	for i, w := range weights {
		sum += w * int(r.digits[i])
	}
	return sum
}

func (r *run) same() bool {
	for _, d := range r.digits[1:r.n] {
		if d != r.digits[0] {
			return false
		}
	}
	return true
}

// luhn is ISO/IEC 7812-1, annex B.
func luhn(r *run) bool {
	sum := 0
	for i := range r.n {
		d := int(r.digits[r.n-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && !r.same()
}

// issued reports whether an issuer of cards has the range and the length.
func issued(r *run) bool {
	two, four := r.value(2), r.value(4)
	switch {
	case r.digits[0] == 4: // Visa
		return r.n == 13 || r.n == 16 || r.n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return r.n == 16
	case two == 34, two == 37: // American Express
		return r.n == 15
	case four == 6011, two == 65, two == 64, two == 62, two == 35: // Discover, UnionPay, JCB
		return r.n == 16
	case two == 30, two == 36, two == 38: // Diners
		return r.n == 14
	}
	return false
}

func validSSN(r *run) bool {
	area := r.value(3)
	return area != 0 && area != 666 && area < 900 && (r.digits[3] != 0 || r.digits[4] != 0) && r.value(9)%10000 != 0
}

func validBSN(r *run) bool {
	return !r.same() && r.weigh(9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

func validNHS(r *run) bool {
	check := 11 - r.weigh(10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return !r.same() && check != 10 && check%11 == int(r.digits[9])
}

func validPESEL(r *run) bool {
	month := (r.digits[2]*10 + r.digits[3]) % 20 // centuries are told by the month
	return month >= 1 && month <= 12 && r.weigh(1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// validDeTax is ISO 7064 mod 11, 10; of the first ten digits one or two repeat.
func validDeTax(r *run) bool {
	var seen [10]int
	product := 10
	for _, d := range r.digits[:10] {
		seen[d]++
		sum := (int(d) + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	most := 0
	for _, n := range seen {
		most = max(most, n)
	}
	return r.digits[0] != 0 && (most == 2 || most == 3) && (11-product)%10 == int(r.digits[10])
}

func validCPF(r *run) bool {
	return !r.same() && rest11(r.weigh(10, 9, 8, 7, 6, 5, 4, 3, 2)) == r.digits[9] &&
		rest11(r.weigh(11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == r.digits[10]
}

func validCNPJ(r *run) bool {
	return !r.same() && rest11(r.weigh(5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == r.digits[12] &&
		rest11(r.weigh(6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == r.digits[13]
}

func rest11(sum int) byte {
	if sum %= 11; sum < 2 {
		return 0
	}
	return byte(11 - sum) //nolint:gosec // 1 to 9
}

// validNIR: sex, year, month, place, order, and 97 less the rest.
func validNIR(r *run) bool {
	month := r.digits[3]*10 + r.digits[4]
	return (r.digits[0] == 1 || r.digits[0] == 2) && (month >= 1 && month <= 12 || month >= 20 && month <= 42) &&
		97-r.value(13)%97 == int64(r.digits[13])*10+int64(r.digits[14])
}

// validAadhaar is Verhoeff's scheme over the dihedral group of ten.
func validAadhaar(r *run) bool {
	if r.digits[0] < 2 {
		return false
	}
	c := uint8(0)
	for i := range r.n {
		d := r.digits[r.n-1-i]
		for range i % 8 {
			d = permuted[d]
		}
		c = product(c, d)
	}
	return c == 0
}

var permuted = [10]uint8{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}

// product multiplies in the group: below five are rotations, from five reflections.
func product(a, b uint8) uint8 {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b)%5
	case b < 5:
		return 5 + (a+5-b)%5
	default:
		return (a + 5 - b) % 5
	}
}

const spanish = "TRWAGMYFPDXBNJZSQVHLCKE"

// odds are what characters in odd places of a codice fiscale count (D.M.
// 23/12/1976): 0 to 9, then A to Z.
var odds = [36]uint8{
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
}

func validFiscale(s []byte) bool {
	sum := 0
	for i, c := range s[:15] {
		even, odd := int(c-'0'), int(c-'0')
		if isUpper(c) {
			even, odd = int(c-'A'), int(c-'A')+10
		}
		if i%2 == 0 {
			even = int(odds[odd])
		}
		sum += even
	}
	return byte('A'+sum%26) == s[15] //nolint:gosec // a letter
}
