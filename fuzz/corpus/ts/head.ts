# made here
@problemName P
@timeStamps false
@missing true
@univariate true
@equalLength false
@classLabel true 1 2
@data
1,2,?,4:1
2,3:2
1,NaN,3:1
4,5,6,7:2
