"""Pairs that a fair teacher would accept or refuse, one a line: the gold answer, a bar between spaces, the answer."""

import pytest

from training.grading import compare

ACCEPTED = r"""
3:30 p.m. | 3:30 PM
3:30 \text{ p.m.} | 3:30 pm
9 (apples) | 9
9 (apples) | 9 apples
15 (pieces of gum) | 15 pieces of gum
\frac{1}{3} | 0.\overline{3}
\frac{1}{3} | 0.\dot{3}
0.\overline{142857} | 1/7
\frac{5}{6} | 0.8\overline{3}
\log_2 3 | \frac{\ln 3}{\ln 2}
\ln 12 | 2\ln 2+\ln 3
\frac{\ln 3}{\ln 2} | \log_{2}{3}
\sin 30^\circ | \frac12
\cos\frac{\pi}{4} | \frac{\sqrt2}{2}
\tan 15^\circ | 2-\sqrt3
\arctan 1 | \frac{\pi}{4}
\sqrt{3+2\sqrt{2}} | 1+\sqrt{2}
\sqrt[3]{2+\sqrt{5}}+\sqrt[3]{2-\sqrt5} | 1
\sqrt{12} | 2\sqrt{3}
\sin^2 x | 1-\cos^2 x
e^{x+1} | e\cdot e^x
2^{x+1} | 2\cdot 2^x
\frac{1}{x(x+1)} | \frac1x-\frac{1}{x+1}
\frac{x^2-1}{x+1} | x-1
(x-1)(x+1) | x^2-1
\ln(x^2+1)+C | C+\ln(1+x^2)
n(n+1)/2 | \frac{n^2+n}{2}
\binom{10}{3} | 120
C_{10}^{3} | 120
3:4 | 6:8
3:4 | 3 : 4
\frac{2}{3}\pi | \frac{2\pi}{3}
120^\circ | 120
45^\circ 30' | 45°30′
\begin{pmatrix}1&2\\3&4\end{pmatrix} | \left[\begin{array}{cc}1&2\\3&4\end{array}\right]
\frac{1}{2}\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}0.5\\1\end{pmatrix}
\begin{vmatrix}1&2\\3&4\end{vmatrix} | \left|\begin{array}{cc}1&2\\3&4\end{array}\right|
x^2+y^2=4 | y^2 = 4-x^2
y=2x+1 | 2x-y+1=0
x \equiv 3 \pmod{5} | x\equiv 3\pmod 5
\{1,2,3\} | \{3,2,1\}
x=1 or x=2 | 1, 2
x=1,y=2 | y=2, x=1
(1,2) | x=1, y=2
(1,2) | (x,y)=(1,2)
x<-1 \text{ or } x>2 | (-\infty,-1)\cup(2,\infty)
(-\infty,1)\cup(1,\infty) | x\neq 1
(-\infty,1)\cup(1,\infty) | \mathbb{R}\setminus\{1\}
\{x\mid -1<x\le 3\} | (-1,3]
1<x<3 | 3>x>1
(1,3) | x>1 \text{ and } x<3
\mathbb{R} | all real numbers
1,000,000 | 10^6
5 \text{ million} | 5000000
5,000,000 | 5 million
3\text{万} | 30000
1.2亿 | 120000000
三分之二 | \frac{2}{3}
百分之二十五 | 25\%
二十五 | 25
一百零五 | 105
1\frac{1}{2} | 一又二分之一
60 \text{ km/h} | 60 \text{ kilometers per hour}
9.8 m/s^2 | 9.8 \text{ m/s}^2
5 \text{ cm}^3 | 5 cubic centimeters
5 m | 5 meters
\text{Monday} | monday
\text{no solution} | No solutions
0 | -0
-\frac{1}{2} | \frac{-1}{2}
-\frac{1}{2} | \frac{1}{-2}
2\sqrt{2}i | \sqrt{-8}
i | \sqrt{-1}
\frac{1+i}{2} | \frac{1}{1-i}
\cos\frac{\pi}{3}+i\sin\frac{\pi}{3} | \frac{1}{2}+\frac{\sqrt3}{2}i
e^{i\pi/3} | \frac{1+\sqrt3 i}{2}
\lfloor 3.7\rfloor | 3
|x-1| | |1-x|
\sqrt{x^2} | |x|
\max(1,2) | 2
2^{100} | 1267650600228229401496703205376
5! | 120
x_1+x_2 | x_2+x_1
a_n=2n-1 | 2n-1
f(x)=x^2+1 | x^2+1
f(x)=x^2+1 | f(x) = 1+x^2
y = \frac{1}{x} | xy=1
\overrightarrow{AB} | \overrightarrow{AB}
\langle 1,2,3\rangle | \langle 1, 2, 3 \rangle
2\mathbf{i}+3\mathbf{j} | 3\mathbf{j}+2\mathbf{i}
\text{(B)} | B) 12
C | The answer is C
C | option (C)
D | D. none of these
\$5 | 5 dollars
\$5.00 | $5
￥18 | 18元
18元 | 18
30 minutes | 30 min
12\pi \text{ cm}^2 | 12\pi
\frac{7}{8} | 7/8.
7 | seven
12 | twelve
100 | one hundred
-3 | negative three
1/2 | one half
3/4 | three quarters
2.5 | two and a half
10_2 | 10_{2}
\frac{3}{7} | 3 \div 7
\frac{a}{b} | a/b
\frac{a+b}{c} | (a+b)/c
2 \times 3^2 | 18
3^{1/2} | \sqrt3
\sqrt[3]{-8} | -2
x^{-1} | \frac{1}{x}
\frac{\pi^2}{6} | \pi^2/6
\infty | +\infty
-\infty | -\infty
\{0\} | 0
\emptyset | \{\}
(-1)^n | (-1)^n
0.5 | .5
0.50 | 50%
1e5 | 100000
(3,4) and (5,6) | (5,6),(3,4)
(x-2)^2+(y+3)^2=25 | (x-2)^2+(y+3)^2=5^2
x=2k\pi, k\in\mathbb{Z} | x=2k\pi\ (k\in\mathbb{Z})
\frac{\pi}{4}+k\pi | k\pi+\frac{\pi}{4}
2:3:4 | 4:6:8
\text{positive} | positive.
AB=5 | 5
\angle ABC=30^\circ | 30^\circ
S_{10}=55 | 55
P(A)=\frac12 | 0.5
1/2 | P(A)=1/2
5 | x = 10/2 = 5
\frac{1}{3} | \frac13 \approx 0.333
2\pi r | 2 \pi r
\frac{22}{7} | 3\frac17
3^{2x} | 9^x
\sqrt{xy} | \sqrt{yx}
\log_{10} 5 | \lg 5
\ln 2 | -\ln\frac12
15 | 15.
1.5 \text{ hours} | 1.5 h
第二象限 | 第二象限
\sqrt{2}:1 | 2:\sqrt2
\cos 2x | 2\cos^2 x-1
\frac{1}{\sin x} | \csc x
\sinh x | \frac{e^x-e^{-x}}{2}
8\text{ cm} | 8cm
x\in(0,1) | 0<x<1
x=\frac{-1\pm\sqrt5}{2} | \frac{-1+\sqrt5}{2}, \frac{-1-\sqrt5}{2}
6\sqrt{2}\,\text{cm} | 6\sqrt2
1+\frac{1}{2}+\frac13 | 11/6
\dfrac{\sqrt{6}+\sqrt{2}}{4} | \sin 75^\circ
x=2k\pi+\frac{\pi}{6},k\in Z | x = \frac{\pi}{6}+2k\pi, k \in \mathbb{Z}
3rd | 3
20^\circ\text{C} | 20℃
-5^\circ C | -5°C
2^{-3} | \frac{1}{8}
12! | 479001600
\frac{7!}{5!} | 42
\begin{cases} x=1 \\ y=2 \end{cases} | \begin{cases}x=1\\y=2\end{cases}
(x,y)=(1,2) | (1,2)
(1,-2,3) | \left(1, -2, 3\right)
\vec{a}+2\vec{b} | 2\vec{b}+\vec{a}
\mathbf{i}+2\mathbf{j} | 2\mathbf{j}+\mathbf{i}
\langle 1,-2 \rangle | \left\langle 1, -2\right\rangle
\frac{1}{2}x^2+C | \frac{x^2}{2}+C
-\frac{1}{x^2} | -x^{-2}
\frac{\sqrt{x}}{2} | \frac{x^{1/2}}{2}
x^3-3x^2+3x-1 | (x-1)^3
4x^2-9 | (2x-3)(2x+3)
a^2-b^2 | (a+b)(a-b)
\frac{x}{y}+\frac{y}{x} | \frac{x^2+y^2}{xy}
\frac{n!}{(n-2)!} | \frac{n!}{(n-2)!}
\sum_{k=1}^n k | \sum_{k=1}^{n} k
\frac{2}{\sqrt{5}-1} | \frac{\sqrt5+1}{2}
\sqrt{\frac{3}{4}} | \frac{\sqrt3}{2}
\sqrt[4]{4} | \sqrt{2}
(\sqrt{2}+\sqrt{3})^2 | 5+2\sqrt{6}
\frac{1}{\sqrt{2}+\sqrt{3}} | \sqrt{3}-\sqrt{2}
\log_{3}81 | 4
\log 100 | \log 100
\ln e^3 | 3
\log_a b | \frac{\ln b}{\ln a}
\arcsin\frac{1}{2} | \frac{\pi}{6}
\tan^{-1}(1) | \pi/4
\cos^{-1} 0 | \frac{\pi}{2}
\frac{\pi}{3} \text{ radians} | \frac{\pi}{3}
0.125 | 12.5\%
33\frac{1}{3}\% | \frac{1}{3}
\frac{1}{3} | 33.\overline{3}\%
5\% | \frac{1}{20}
1:2:3 | 2:4:6
\frac{3}{5} | 3/5
3.0\times10^8 \text{ m/s} | 3\times 10^{8}
6.02 \times 10^{23} | 6.02e23
x\le -1\text{ or }x\ge 3 | (-\infty,-1]\cup[3,\infty)
-1\le x\le 3 | [-1,3]
x>-1 | -1<x
x\in[-1,3] | -1 \leqslant x \leqslant 3
(0,1)\cup(1,\infty) | \{x \mid x>0, x\ne 1\}
(0,+\infty) | \{x|x>0\}
(0,+\infty) | x > 0
\{-1,0,1\} | x=-1,0,1
\{x \mid x=1\} | \{x|x=1\}
1 \text{ and } 2 | 1, 2
1\text{ or }2 | x=1 \text{ or } x=2
x_1=1,x_2=2 | x_1 = 1, x_2 = 2
x_1=1,x_2=2 | 1, 2
y=x+1 | y - x - 1 = 0
\frac{x^2}{4}+\frac{y^2}{3}=1 | 3x^2+4y^2=12
y^2=4x | x = \frac{y^2}{4}
x+2y-3=0 | 2y = 3 - x
x+2y-3=0 | y=-\frac{1}{2}x+\frac{3}{2}
f^{-1}(x)=\frac{x-1}{2} | \frac{x-1}{2}
P(x)=x^2 | x^2
4:30 | 4:30
Tuesday | Tuesday.
\text{June 5} | June 5
\text{A, B} | A and B
AC | A, C
ABD | A、B、D
2\sqrt{3}\text{ cm}^2 | 2\sqrt{3}
15\text{ cm} | 15cm
15 cm | 15
200 mL | 200 milliliters
$18 | 18 dollars
18 dollars | \$18
1/4 hour | \frac{1}{4}
70 mph | 70
\frac{3}{2} \text{ hr} | 1.5 hours
5 \text{ft} | 5 feet
4 \text{ sq. ft} | 4 square feet
36\pi \text{ cubic units} | 36\pi
十二 | 12
3千米 | 3 km
3小时 | 3 hours
5元 | 5
二十 | 20
两千 | 2000
0.5万 | 5000
五分之三 | 0.6
百分之五十 | 50%
1又1/2 | 1.5
正确 | 对
不存在 | 不存在
{1,2} | \{1,2\}
[1,2] | [1, 2]
\left\{ \frac{1}{2}, 3\right\} | \{3, 0.5\}
(2, \infty) | (2, +\infty)
\boxed{7} | 7
7\\ | 7
\text{7} | 7
7,\! | 7
7. | 7
7 \quad | 7
\mathrm{7} | 7
~7~ | 7
"7" | 7
`7` | 7
[7] | 7
= 7 | 7
x=7 | 7
7 | x=7
7 | The value of x is 7
7 | The number of ways is 7.
7 | There are 7 ways
7 | Tom has 7 apples
7 | So Tom has 7 apples left.
7 | It takes 7 days
7 | $x$ is equal to $7$
7 | 共有7种
7 | 还剩7个
7 | 小明还剩7个苹果
\frac{1}{2} | The probability is \frac{1}{2}.
\frac{1}{2} | one-half
-7 | minus 7
7 | +7
0.7 | 7/10
7000 | 7 thousand
7 | 7.000
7 | 07
7 | 7 (seven)
100 | 1e2
2^{10} | 1024
1024 | 2^{10}
1024 | 2**10
x^{2} | x**2
2x | 2*x
\frac{a}{b} | a / b
\sqrt{x+1} | sqrt(x+1)
\pi/2 | pi/2
\infty | inf
e^{2x} | exp(2x)
|x| | abs(x)
\sin^2 x | (\sin x)^2
\sin^2 x | sin(x)^2
\frac{\sin x}{x} | sin(x)/x
\cos x \sin x | \frac{1}{2}\sin 2x
1-2\sin^2 x | \cos(2x)
\tan x | \frac{\sin x}{\cos x}
\sec^2 x | 1+\tan^2 x
\ln\frac{a}{b} | \ln a-\ln b
a^{m+n} | a^m a^n
(ab)^2 | a^2b^2
\sqrt{50} | 5\sqrt{2}
\sqrt{2}\sqrt{3} | \sqrt{6}
\frac{\sqrt{8}}{2} | \sqrt2
3+4i | 4i+3
\frac{25}{3-4i} | 3+4i
|3+4i| | 5
i^2 | -1
\begin{bmatrix}1 & 0\\0 & 1\end{bmatrix} | \begin{pmatrix}1&0\\0&1\end{pmatrix}
(-1)^{n+1} | -(-1)^n
2n-1 | 1+2(n-1)
5 | 5平方米
5 | 5 m
5 | 5 square meters
5 | 5 cm squared
5 | 5 in
5 | 5 square units
12 | 12 sq cm
5 | 5 cubic feet
x=5 | 5=x
0 | 0=0
y=x^2 | y=x^2+0
[1,2] | 1\le x\le 2
(1,2) | 1<x<2
5 | (5)
(5) | 5
AB | BA
5 | 500\%
0.5 | 1/2=0.5
12 | 3*4
12 | 3\cdot 4=12
sin x | \sin x
ab | a*b
i | \mathrm{i}
1 | i^4
\frac{1}{2} | .5
1000 | 1 000
1000 | 1,000.0
1/2 | 1 / 2
1 | \frac{2}{2}
\frac12 | \frac{1}2
x+y | y+x
(x+y)^2 | x^2+y^2+2xy
3 | |−3|
x^3 | x³
√2 | \sqrt{2}
2√3 | 2\sqrt3
30 | 30°
10:6 | 5:3
3:30 | 3:30
"""

REFUSED = r"""
3:30 p.m. | 3:30 a.m.
3:30 p.m. | 3:31 p.m.
9 (apples) | 9 oranges
\frac{1}{3} | 0.333
\frac13 | 0.\overline{34}
\log_2 3 | \log_3 2
\sin 30^\circ | \sin 30
x^2+1 | x^2-1
(x+1)^2 | x^2+1
\sqrt{x^2} | x
\ln x | \log_{2} x
\frac{x+1}{x-1} | \frac{x-1}{x+1}
3:4 | 4:3
3:4 | 3:4:5
(1,2) | (2,1)
(1,2) | \{1,2\}
(1,2) | [1,2]
[1,2) | (1,2]
x>2 | x\ge2
x>2 | x<2
x>2 | y>2
x=1,y=2 | x=2,y=1
(1,2) | x=2,y=1
x=1 or x=2 | x=1
5 million | 5 billion
5 million | 5
3万 | 3
25\% | 25
60 km/h | 60 m/s
5 cm^2 | 5 cm^3
5 | 5 or 6
5 | 5, 6
5 | \{5,6\}
5 | 5 \pm 1
5 | x
5 | 5x
5 | about 5
5 | approximately 5
5 | not 5
5 | at least 5
5 | more than 5
5 | between 4 and 6
5 | 5 < x
5 | x \ge 5
5 | 5 or maybe 6
5 | -5
5 | 5!
5 | 5\%
5 | 5i
5 | 55
5 | 5.0001
5 | 4.9999999999999
5 | x-5=0 or x=6
5 | x+1=5
5 | x+y=5
5 | 5 = 6
5 | \frac{5}{0}
5 | (5,5)
5 | \begin{pmatrix}5\\5\end{pmatrix}
5 | 0.5e2
5 | 5^2
5 | \sqrt5
5 | five hundred
5 | 5th root of 2
5 | [4, 6]
5 | null
5 | nan
5 | the answer
\pi | 3.14159265358979323846
\pi | \frac{22}{7}
\sqrt2 | 1.41421356
e | 2.71828
\frac{1}{7} | 0.142857
2^{100} | 2^{101}
100! | 101!
1.0000000000000000000001 | 1
10^{-50} | 0
e^{\pi\sqrt{163}} | 262537412640768744
\begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&3\\2&4\end{pmatrix}
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}1&2\end{pmatrix}
B | A
B | B or C
B | (A) or (B)
B | not B
BC | B
\text{Monday} | Tuesday
\text{yes} | no
\text{even} | not even
\text{no solution} | \text{infinitely many}
x^2+y^2=4 | x^2+y^2=2
y=2x+1 | y=2x-1
y<2x+1 | y>2x+1
y<2x+1 | y\le 2x+1
f(x)=x^2 | g(x)=x^2
f(2)=3 | f(3)=3
x=3 | y=3
1,2,3 | 1,2
1,2,3 | 1,2,3,4
1,2 | 1,2,2
\{1,2\} | (1,2)
\emptyset | 0
\emptyset | \{0\}
30^\circ | 30\text{ rad}
30^\circ | \frac{\pi}{6}\text{ degrees}
1+2i | 1-2i
1+2i | 1+2
\sin x | \cos x
|x| | x
\frac{a}{b} | \frac{b}{a}
-\frac{1}{2} | \frac12
(-\infty,1)\cup(1,\infty) | \mathbb{R}
(-\infty,1) | (-\infty,1]
x\neq 1 | x=1
\$5 | 5 cents
5 cents | \$5
1,234 | 1.234
1,234 | 1234.5
1,234 | 1
1{,}234 | 234
10_2 | 10
10_2 | 2_{10}
12 | 1, 2
123 | 1,2,3
a_n=2n-1 | a_n = 2n+1
a_n=2n-1 | b_n=2n-1
2\pi | 2
\infty | -\infty
\infty | 1000000
小明 | 小红
是 | 否
是 | 不是
二分之一 | 2
三 | 四
\text{A and B} | A
x_1 | x_2
\sqrt[3]{2} | \sqrt{2}
\frac{\sqrt3}{2} | \frac{\sqrt{3}}{3}
x=2k\pi, k\in\mathbb{Z} | x=k\pi, k\in\mathbb{Z}
12 | \text{12 or 13}
0.1 | 0.10001
7 | 7 \text{ or so}
5 | \text{6 (not 5)}
5 | 6, not 5
\frac{3}{4} | \frac{3}{4
\frac{3}{4} | \frac{3}
3 | \boxed{3
3 | \boxed{3} or \boxed{4}
3 | 3 4
34 | 3 4
3 | 3;4
24 | 4!+0.1
x=2k\pi+\frac{\pi}{6},k\in Z | x=2k\pi-\frac{\pi}{6},k\in Z
20^\circ C | 20^\circ F
2^{-3} | -8
12! | 11!
(1,-2,3) | (1,2,3)
\vec{a} | \vec{b}
\mathbf{i}+2\mathbf{j} | 2\mathbf{i}+\mathbf{j}
\frac{1}{2}x^2+C | \frac{x^2}{2}
-\frac{1}{x^2} | \frac{1}{x^2}
(x-1)^3 | x^3-1
(a-b)^2 | a^2-b^2
\frac{x}{y} | \frac{y}{x}
\sqrt{a^2+b^2} | a+b
\log_3 81 | 3
\log_a b | \log_b a
\arcsin\frac12 | 30
33\frac13\% | 33\%
33.3\% | \frac13
5\% | 0.5
1:2:3 | 3:2:1
x\le-1 or x\ge3 | x\le-1
-1\le x\le3 | -1<x<3
x>-1 | x<-1
(0,1)\cup(1,\infty) | (0,\infty)
1 and 2 | 1
x_1=1,x_2=2 | x_1=2,x_2=1
y=x+1 | x=y+1
y=x+1 | y=x+2
\frac{x^2}{4}+\frac{y^2}{3}=1 | \frac{x^2}{3}+\frac{y^2}{4}=1
f(x)=2x+1 | f(x)=2x-1
4:30 | 4:31
Tuesday | Wednesday
June 5 | June 6
AC | A
AC | ABC
ABD | ABC
2\sqrt3\text{ cm}^2 | 2\sqrt3\text{ cm}
200 mL | 200 L
1/4 hour | 1/4 minute
十二 | 二十
3千米 | 3米
5元 | 5角
0.5万 | 0.5
五分之三 | 三分之五
百分之五十 | 50
\{1,2\} | \{1,3\}
7 | 7 or 8
7 | The answer is 7 or 8
7 | The value of x is 8
7 | There are 8 ways to choose 7 things
7 | Tom has 7 apples and 8 oranges
7 | 7 apples and 8 oranges
7 | 8 (7)
7 | if x = 7
7 | 7 is wrong
7 | 7 is not the answer
7 | not equal to 7
7 | less than 7
7 | at most 7
7 | 7 or more
7 | 7+
7 | >7
7 | 7?8
7 | 7;8
7 | 7/8
7 | 7 8
7 | 7-8
7 | 7 to 8
7 | 7^2
7 | 7x
7 | x^7
7 | 7th root
7 | \sqrt[7]{x}
7 | 7 mod 8
7 | 7.5
7 | 70%
7 | 0.7e2
7 | _7
7 | 7_8
7 | 77
7 | seven or eight
7 | seventy
7 | sevens
7 | 大约7
7 | 约7个
7 | 不是7
7 | 7或8
7 | 至少7
7 | 7以上
7 | 7多
7 | 第8题答案7或6
7 | \text{There are many}
7 | 7 \times 10
7 | 7 dozen
7 | 7 pairs or 14
7 | half of 7
7 | twice 7
7 | one seventh
7 | -(-(-7))
7 | |x|=7
7 | x^2=49
7 | x \ne 7
7 | x \approx 7.01
7 | x > 7
7 | 7 > x
7 | x = 7, y = 8
7 | x = y = 8
7 | x = 7 = 8
7 | 8 = 7
7 | 7 = 8
7 | f(7)
7 | [6, 8]
7 | (7, 7)
7 | \{7, 8\}
7 | \{x | x = 8\}
7 | \begin{pmatrix} 7 & 0 \end{pmatrix}
7 | 7 \pm 0.1
7 | \pm 7
-7 | \pm 7
7 | \infty
7 | \text{not } 7
7 | \overline{7}
7 | \frac{7}{}
7 | \frac{}{7}
7 | \sqrt{7
7 | (7
7 | 7)
\sqrt{2} | \sqrt{3}
x^2 | x_2
x^2 | 2x
e^{2x} | e^{x^2}
\sin^2 x | \sin x^2
\cos x | \cos(-x)+1
a+b | a-b
3+4i | 3-4i
|3+4i| | 7
\begin{bmatrix}1 & 0\\0 & 1\end{bmatrix} | \begin{bmatrix}0 & 1\\1 & 0\end{bmatrix}
(-1)^{n+1} | (-1)^n
2n-1 | 2n+1
2n-1 | 2m-1
\frac{1}{3} | 0.33333333333333333333333333333333333333333333333333333333333333333333333
\text{True} | False
\text{yes} | yes and no
A | A, B
A | A and B
B | b or c
C | All of the above
5 | 5 squared
5 | 5 tenths
5 | 5 k
5 | 5 t
5 | 5成
5 | 5折
5 | 5平方
5 | 5 thirds
A | A. B
5 | wrong answer = 5
5 | 5 zeros
5/3 | 5 thirds
5 | 5 quarters
x^2+1 | x^2+1 = 0
2x | 2x=0
5 | 5=0
x^2=4 | x=2
x=2 | x^2=4
\pm2 | x^2=4
1,2 | (1,2)
5 | 5\%\%
-5 | 5-
1/3 | 1/3=0.33
x | y
\text{ab} | ba
5 | 5, where x>0
1.5 | 1,5
1,5 | 1.5
15 | 1,5
1000 | 1.000
12 | 1 2
2 | 1 1/1
3 | ³
5:3 | 5/3
(0, 1) | 0,1
"""


def pairs(table: str) -> list[tuple[str, str]]:
    return [(gold, answer) for gold, _, answer in (line.partition(" | ") for line in table.strip().splitlines())]


@pytest.mark.parametrize(("gold", "answer"), pairs(ACCEPTED))
def test_accepts_the_same_value_in_another_form_and_names_a_rule(gold: str, answer: str) -> None:
    verdict = compare(answer, gold)
    assert verdict.correct and verdict.rule


@pytest.mark.parametrize(("gold", "answer"), pairs(REFUSED))
def test_refuses_another_value_an_approximation_or_a_choice_of_values(gold: str, answer: str) -> None:
    assert not compare(answer, gold).correct


@pytest.mark.parametrize(
    ("answer", "gold", "rule"),
    [
        ("7", "7", "text"),
        ("7.0", "7", "number"),
        ("50\\%", "\\frac{1}{2}", "number"),
        ("18 apples", "18", "number with unit"),
        ("\\frac{2}{\\sqrt{2}}", "\\sqrt{2}", "algebra"),
        ("2\\sin x\\cos x", "\\sin 2x", "identity"),
        ("x>2", "(2,\\infty)", "region"),
        ("{2, 1}", "\\{1,2\\}", "values"),
        ("(1, 2.0)", "(1,2)", "tuple"),
        ("(E) 12", "E", "choice"),
        ("6:8", "3:4", "ratio"),
        ("2x-y+1=0", "y=2x+1", "equation"),
        ("Monday.", "\\text{monday}", "words"),
        ("3:30 PM", "3:30 p.m.", "time"),
    ],
)
def test_every_acceptance_names_its_rule(answer: str, gold: str, rule: str) -> None:
    assert compare(answer, gold).rule == rule
